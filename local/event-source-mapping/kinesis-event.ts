/** A record as it was read from a shard, with its share of the event already spelled. */
export interface ShardRecord {
  readonly sequenceNumber: string;
  /** Epoch milliseconds. */
  readonly arrivedAt: number;
  /** The element of `Records` for it, as JSON text: written once, however often the record is delivered. */
  readonly json: string;
  /** Length of the text in bytes. */
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

/** Anyone may read it: AWS names the role of the function here. */
const role = 'arn:aws:iam::000000000000:role/local-loader';

/** Makes the function that spells one shard's records as elements of Lambda's Kinesis event. */
export function recordSpeller({ streamArn, region, shardId }: RecordSource): (record: ReadRecord) => ShardRecord {
  const tail =
    `,"eventName":"aws:kinesis:record","invokeIdentityArn":"${role}"` + `,"awsRegion":"${region}","eventSourceARN":"${streamArn}"}`;
  const middle = `},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"${shardId}:`;
  return ({ sequenceNumber, partitionKey, data, arrivedAt }) => {
    const key = partitionKey === undefined ? '' : `"partitionKey":${JSON.stringify(partitionKey)},`;
    const head = `{"kinesis":{"kinesisSchemaVersion":"1.0",${key}"sequenceNumber":"${sequenceNumber}","data":"`;
    const json = `${head}${data}","approximateArrivalTimestamp":${arrivedAt / 1000}${middle}${sequenceNumber}"${tail}`;
    // Only the partition key may hold characters of more than one byte.
    const bytes = json.length - key.length + Buffer.byteLength(key);
    return { sequenceNumber, arrivedAt, json, bytes };
  };
}

/** The bytes of an event beside its records, and of the comma between two of them. */
export const envelopeBytes = Buffer.byteLength('{"Records":[]}');
export const separatorBytes = 1;

/** The event that carries the records, as JSON text. */
export function eventOf(records: readonly ShardRecord[]): string {
  return `{"Records":[${records.map((record) => record.json).join(',')}]}`;
}
