/** A record as it was read from a shard, ready to be spelled in an event. */
export interface ShardRecord {
  readonly sequenceNumber: string;
  /** Epoch milliseconds. */
  readonly arrivedAt: number;
  /** In base64. */
  readonly data: string;
  /** The member `partitionKey` with its comma, as JSON text; empty where there is no key. */
  readonly keyMember: string;
  /** Length in bytes of its element of `Records`, as JSON text. */
  readonly bytes: number;
}

/** Where the records come from, as every element of the event repeats it. */
export interface RecordSource {
  readonly streamArn: string;
  readonly region: string;
  readonly shardId: string;
}

/** What GetRecords gives. */
export interface ReadRecord {
  readonly sequenceNumber: string;
  /** Missing on streams that distribute records by themselves. */
  readonly partitionKey: string | undefined;
  /** In base64. */
  readonly data: string;
  /** Epoch milliseconds. */
  readonly arrivedAt: number;
}

/** Spells one shard's records as Lambda's Kinesis event. */
export interface EventSpeller {
  measure(record: ReadRecord): ShardRecord;
  /** The event that carries the records, as JSON text. */
  event(records: readonly ShardRecord[]): string;
}

/** Anyone may read it: AWS names the role of the function here. */
const role = 'arn:aws:iam::000000000000:role/local-loader';

/**
 * Makes the speller of one shard. Records wait as they were read: the text of each would be a dozen pieces that the collector copies
 * again and again while they wait.
 */
export function eventSpeller({ streamArn, region, shardId }: RecordSource): EventSpeller {
  const head = '{"kinesis":{"kinesisSchemaVersion":"1.0",';
  const sequence = '"sequenceNumber":"';
  const payload = '","data":"';
  const time = '","approximateArrivalTimestamp":';
  const id = `},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"${shardId}:`;
  const tail = `","eventName":"aws:kinesis:record","invokeIdentityArn":"${role}","awsRegion":"${region}","eventSourceARN":"${streamArn}"}`;
  const fixedBytes = Buffer.byteLength([head, sequence, payload, time, id, tail].join(''));
  return {
    measure: ({ sequenceNumber, partitionKey, data, arrivedAt }) => {
      const keyMember = partitionKey === undefined ? '' : `"partitionKey":${JSON.stringify(partitionKey)},`;
      // Only the partition key may hold characters of more than one byte.
      const ownBytes = Buffer.byteLength(keyMember) + 2 * sequenceNumber.length + data.length + secondsOf(arrivedAt).length;
      return { sequenceNumber, arrivedAt, data, keyMember, bytes: fixedBytes + ownBytes };
    },
    event: (records) => {
      const parts: string[] = ['{"Records":['];
      for (const { sequenceNumber, arrivedAt, data, keyMember } of records) {
        if (parts.length > 1) parts.push(',');
        parts.push(head, keyMember, sequence, sequenceNumber, payload, data, time, secondsOf(arrivedAt), id, sequenceNumber, tail);
      }
      parts.push(']}');
      return parts.join('');
    },
  };
}

function secondsOf(millis: number): string {
  return String(millis / 1000);
}

/** The bytes of an event beside its records, and of the comma between two of them. */
export const envelopeBytes = Buffer.byteLength('{"Records":[]}');
export const separatorBytes = 1;
