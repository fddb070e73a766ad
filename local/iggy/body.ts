import type { IggyMessage, IggyPartition } from './topic.ts';

/** How http_sink makes bodies of messages; the values are those of its configuration. */
export interface BodySettings {
  readonly batchMode: 'individual' | 'ndjson' | 'json_array' | 'raw';
  /** Of the stream that the connector reads. */
  readonly schema: 'json' | 'text' | 'raw';
  readonly includeMetadata: boolean;
}

/** A request on its way, and the messages in it. */
export interface OutgoingBody {
  readonly contentType: string;
  readonly body: Buffer;
  readonly messages: readonly IggyMessage[];
}

/** The requests for what one poll brought, in order (reference of the connector: one a message, or one a batch). */
export function bodiesOf(messages: readonly IggyMessage[], from: IggyPartition, settings: BodySettings): readonly OutgoingBody[] {
  const { batchMode } = settings;
  const single = (message: IggyMessage, contentType: string, body: Buffer): OutgoingBody => ({ contentType, body, messages: [message] });
  const texts = () => messages.map((message) => spell(message, from, settings));
  switch (batchMode) {
    case 'individual':
      return messages.map((message) => single(message, 'application/json', Buffer.from(spell(message, from, settings))));
    case 'raw':
      return messages.map((message) => single(message, 'application/octet-stream', message.payload));
    case 'json_array':
      return [{ contentType: 'application/json', body: Buffer.from(`[${texts().join(',')}]`), messages }];
    case 'ndjson':
      return [
        {
          contentType: 'application/x-ndjson',
          body: Buffer.from(
            texts()
              .map((text) => `${text}\n`)
              .join(''),
          ),
          messages,
        },
      ];
    default:
      return batchMode satisfies never;
  }
}

/** Keys are sorted, as they come out of serde_json. */
function spell(message: IggyMessage, { stream, topic, partition }: IggyPartition, { includeMetadata, schema }: BodySettings): string {
  const payload = spellPayload(message.payload, schema);
  if (!includeMetadata) return payload;
  const { id, offset, timestamp, headers } = message;
  const ofHeaders = Object.keys(headers).length === 0 ? '' : `"iggy_headers":${JSON.stringify(headers)},`;
  const metadata = [
    `"iggy_id":"${id}"`,
    `"iggy_offset":${offset}`,
    `"iggy_partition_id":${partition}`,
    `"iggy_stream":${JSON.stringify(stream)}`,
    `"iggy_timestamp":${timestamp}`,
    `"iggy_topic":${JSON.stringify(topic)}`,
  ];
  return `{"metadata":{${ofHeaders}${metadata.join(',')}},"payload":${payload}}`;
}

/** With `json` the real connector reads and writes the document anew and may cost digits; here its text stands as it is, in one line. */
function spellPayload(payload: Buffer, schema: BodySettings['schema']): string {
  switch (schema) {
    case 'json':
      return payload.toString('utf8').replace(/[\r\n]/g, ' ');
    case 'text':
      return JSON.stringify(payload.toString('utf8'));
    case 'raw':
      return `{"data":"${payload.toString('base64')}","iggy_payload_encoding":"base64"}`;
    default:
      return schema satisfies never;
  }
}
