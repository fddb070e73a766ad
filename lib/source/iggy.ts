import { type EpochMillis, epochMillis } from '../units.ts';
import { envelopesIn, valuesIn } from './iggy-body.ts';
import type { Envelope } from './iggy-envelope.ts';
import { readPayload } from './iggy-payload.ts';
import type { DecodeRules } from './kinesis.ts';
import { iggyPosition, spellPosition } from './position.ts';
import type { Batch, DecodedRecord, Fault, IggyPartition, SourceRecord } from './record.ts';
import { heldBy, isGzip, type Reading, readRow } from './rows.ts';
import { bytesOf, lengthOf, type Span, sliceOf } from './slice.ts';
import { addedMembers } from './splice.ts';
import { contentOf, type SqsEventRecord, sqsRecordsOf } from './sqs.ts';

/** How SQS messages become rows. */
export interface IggyDecodeRules extends DecodeRules {
  /**
   * - `envelope`: what http_sink sends with `include_metadata`; the only one with an identity beyond one SQS message.
   * - `bare`: the payloads alone, in any of the three shapes. - `raw`: one payload a message, as its bytes.
   */
  readonly bodies: 'envelope' | 'bare' | 'raw';
  /** Stream and topic that bodies without metadata are said to come from. */
  readonly bareSource: { readonly stream: string; readonly topic: string };
  /** Whether every body is base64 text; a message may say so itself by its attribute `content_encoding`. */
  readonly bodyEncoding: 'text' | 'base64';
  /** Columns that every row is given from the metadata: column by member. Default none. */
  readonly metadataColumns?: Readonly<Record<string, string>>;
}

/** One SQS message, decoded. */
export interface ForwardedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly queueArn: string;
  /** How often the queue has handed it out, this time included. */
  readonly receives: number;
  /** When the queue took it. */
  readonly sentAt: EpochMillis;
  /** Of a FIFO queue: messages of one group keep their order. */
  readonly group?: string;
  readonly content: ForwardedContent;
}

/**
 * - `batches`: its records by partition, each in body order. - `contract`: the body fits no shape; it is a dead letter as it is.
 * - `left`: not decoded, since the event would outgrow memory; it has to come again.
 */
export type ForwardedContent =
  | { readonly kind: 'batches'; readonly batches: readonly Batch[] }
  | { readonly kind: 'contract'; readonly reason: string; readonly body: Buffer }
  | { readonly kind: 'left' };

/** Where a message comes from that does not say. */
export const NOWHERE: IggyPartition = { kind: 'iggy', stream: '-', streamName: '-', topicName: '-', shard: '-' };

/**
 * Reads Lambda's SQS event whose bodies are what Iggy's http_sink sends, message by message in the event's order.
 * @throws {ContractViolation} when the event is not shaped as Lambda shapes it.
 */
export function decodeSqsEvent(event: unknown, rules: IggyDecodeRules): ForwardedMessage[] {
  let size = 0;
  return sqsRecordsOf(event).map((record) => {
    const read: MessageReading = size >= rules.maxBatchBytes ? { content: { kind: 'left' }, size: 0 } : readMessage(record, rules);
    size += read.size;
    const { MessageGroupId: group, ApproximateReceiveCount, SentTimestamp } = record.attributes;
    return {
      messageId: record.messageId,
      receiptHandle: record.receiptHandle,
      queueArn: record.eventSourceARN,
      receives: Number(ApproximateReceiveCount),
      sentAt: epochMillis(Number(SentTimestamp)),
      ...(group !== undefined && record.eventSourceARN.endsWith('.fifo') ? { group } : {}),
      content: read.content,
    };
  });
}

interface MessageReading {
  readonly content: ForwardedContent;
  /** Bytes that it holds in memory. */
  readonly size: number;
}

/** A producer may send `{"Type":"Notification","Message":"..."}` of its own, without metadata around it. */
const MARKS_OF_SNS = ['TopicArn', 'MessageId'];

function readMessage(record: SqsEventRecord, rules: IggyDecodeRules): MessageReading {
  const content = contentOf(record, rules.bodyEncoding, rules.bodies === 'envelope' ? [] : MARKS_OF_SNS);
  if (content.kind === 'contract') return contract(record, content.reason);
  const { bytes } = content;
  if (rules.bodies === 'raw') return recordsOf(record, [bareMessage(record, rules, bytes, 0)], rules);
  if (rules.bodies === 'bare') {
    const body = valuesIn(bytes);
    if (body.kind === 'contract') return contract(record, body.reason);
    const messages = body.values.map((value, index) => bareMessage(record, rules, { text: bytes, span: value }, index));
    return recordsOf(record, messages, rules);
  }
  const body = envelopesIn(bytes);
  if (body.kind === 'contract') return contract(record, body.reason);
  const messages = body.envelopes.map((envelope) => envelopeMessage(record, bytes, envelope));
  return recordsOf(record, messages, rules);
}

function contract({ body }: SqsEventRecord, reason: string): MessageReading {
  return { content: { kind: 'contract', reason, body: Buffer.from(body) }, size: body.length };
}

/** A message of Iggy on its way to being a row. */
interface Message {
  readonly source: IggyPartition;
  readonly record: SourceRecord;
  readonly bad?: string;
  /** A member of its metadata as JSON text; undefined when it has none. */
  metadata(member: string): string | undefined;
}

function envelopeMessage({ messageId }: SqsEventRecord, text: Buffer, envelope: Envelope): Message {
  const { stream, topic, partition, offset, id, timestamp, metadata } = envelope;
  const payload = readPayload(text, envelope.payload);
  return {
    source: { kind: 'iggy', stream: `${stream}/${topic}`, streamName: stream, topicName: topic, shard: partition },
    record: {
      position: iggyPosition(offset),
      itemIdentifier: messageId,
      iggy: { id, timestamp },
      arrivedAt: epochMillis(Number(BigInt(timestamp) / 1000n)),
      payload: sliceOf(payload.bytes),
    },
    ...(payload.kind === 'bad' ? { bad: payload.reason } : {}),
    metadata: (member) => {
      const span = metadata.get(member);
      return span && text.toString('utf8', span.start, span.end);
    },
  };
}

/** Without metadata a record is known only by the SQS message that brought it: whatever sends it a second time sends a second record. */
function bareMessage(
  { messageId, attributes }: SqsEventRecord,
  { bareSource: { stream, topic } }: IggyDecodeRules,
  found: Buffer | { readonly text: Buffer; readonly span: Span },
  index: number,
): Message {
  const payload = Buffer.isBuffer(found) ? ({ kind: 'bytes', bytes: found, reason: '' } as const) : readPayload(found.text, found.span);
  return {
    source: { kind: 'iggy', stream: `${stream}/${topic}`, streamName: stream, topicName: topic, shard: messageId },
    record: {
      position: iggyPosition(String(index)),
      itemIdentifier: messageId,
      arrivedAt: epochMillis(Number(attributes.SentTimestamp)),
      payload: sliceOf(payload.bytes),
    },
    ...(payload.kind === 'bad' ? { bad: payload.reason } : {}),
    metadata: () => undefined,
  };
}

/** Groups a message's records by partition. The same message twice in one body is one record. */
function recordsOf(record: SqsEventRecord, messages: readonly Message[], rules: IggyDecodeRules): MessageReading {
  const groups = new Map<string, Group>();
  let size = 0;
  for (const message of messages) {
    const group = groupOf(groups, message.source);
    const name = `${message.record.position} ${message.record.iggy?.id} ${message.record.iggy?.timestamp}`;
    const before = group.seen.get(name);
    if (before === undefined) {
      const reading = readRecord(message, rules, size);
      group.seen.set(name, message.record);
      group.records.push(reading.decoded);
      size += heldBy(reading);
    } else if (bytesOf(before.payload).equals(bytesOf(message.record.payload))) group.duplicates++;
    else
      return contract(
        record,
        `offset ${spellPosition(message.record.position)} of ${message.source.stream} comes twice with different payloads`,
      );
  }
  const batches = [...groups.values()].map(({ source, records, duplicates }) => ({ source, records, duplicates }));
  return { content: { kind: 'batches', batches }, size };
}

interface Group {
  readonly source: IggyPartition;
  readonly records: DecodedRecord[];
  readonly seen: Map<string, SourceRecord>;
  duplicates: number;
}

function groupOf(groups: Map<string, Group>, source: IggyPartition): Group {
  const key = JSON.stringify([source.streamName, source.topicName, source.shard]);
  let group = groups.get(key);
  if (group === undefined) {
    group = { source, records: [], seen: new Map(), duplicates: 0 };
    groups.set(key, group);
  }
  return group;
}

/** A message cannot be left half decoded, since it comes again as a whole: packed payloads beyond the limit of a batch are poison. */
function readRecord(message: Message, rules: IggyDecodeRules, size: number): Reading {
  const { record, bad } = message;
  if (bad !== undefined) return poison(record, { errorClass: 'decode', reason: bad });
  if (isGzip(record.payload) && size >= rules.maxBatchBytes) {
    const reason = `the records of its SQS message unpack to more than the allowed ${rules.maxBatchBytes} bytes of a batch`;
    return poison(record, { errorClass: 'oversize', reason });
  }
  const { positionColumns, metadataColumns, ...limits } = rules;
  if (positionColumns === undefined && metadataColumns === undefined) return readRow(record, limits);
  const parts = [
    ...(positionColumns === undefined ? [] : [addedMembers(positionColumns, message.source)(record)]),
    ...metadataMembers(metadataColumns ?? {}, message.metadata),
  ];
  return readRow(record, { ...limits, addedMembers: () => parts.filter(Boolean).join(',') });
}

/** What a row is given of its message's metadata. @param memberOf - a member as JSON text; undefined becomes null. */
export function metadataMembers(
  columns: NonNullable<IggyDecodeRules['metadataColumns']>,
  memberOf: (member: string) => string | undefined,
): string[] {
  return Object.entries(columns).map(([member, column]) => `${JSON.stringify(column)}:${inOneLine(memberOf(member))}`);
}

function poison(record: SourceRecord, fault: Fault): Reading {
  return { decoded: { kind: 'poison', record, fault }, bytesRead: lengthOf(record.payload) };
}

/** JSON strings hold no line breaks: what breaks a line stands between tokens. */
function inOneLine(json: string | undefined): string {
  return json === undefined ? 'null' : json.replace(/[\r\n]/g, ' ');
}
