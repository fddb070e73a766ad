import { createHash } from 'node:crypto';
import { kinesisPosition } from '../../lib/source/position.ts';
import type { SourceRecord } from '../../lib/source/record.ts';
import { sliceOf } from '../../lib/source/slice.ts';
import { epochMillis } from '../../lib/units.ts';

export const STREAM_ARN = 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders';
export const SHARD_ID = 'shardId-000000000003';

/** What a test wants to say about one record of Lambda's Kinesis event. */
export interface EventRecord {
  readonly sequenceNumber?: string;
  readonly data?: string | Uint8Array;
  readonly partitionKey?: string | null;
  readonly arrived?: number;
  readonly streamArn?: string;
  readonly shard?: string;
}

/** Lambda's Kinesis event, shaped as AWS documents it. Sequence numbers count from 100 where none is given. */
export function kinesisEvent(records: readonly EventRecord[]) {
  return { Records: records.map((record, index) => eventRecord({ sequenceNumber: String(100 + index), ...record })) };
}

function eventRecord({ sequenceNumber = '100', data = '{}', partitionKey = 'customer-7', arrived = 1.5, ...of }: EventRecord) {
  const { streamArn = STREAM_ARN, shard = SHARD_ID } = of;
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      ...(partitionKey === null ? {} : { partitionKey }),
      sequenceNumber,
      data: Buffer.from(data).toString('base64'),
      approximateArrivalTimestamp: arrived,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shard}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::123456789012:role/loader',
    awsRegion: 'eu-central-1',
    eventSourceARN: streamArn,
  };
}

/** One record of the source with the given payload. */
export function aRecord(payload: string | Uint8Array, more: Partial<SourceRecord> = {}): SourceRecord {
  return {
    position: kinesisPosition('100'),
    itemIdentifier: '100',
    partitionKey: 'customer-7',
    arrivedAt: epochMillis(1_500),
    payload: sliceOf(typeof payload === 'string' ? Buffer.from(payload) : payload),
    ...more,
  };
}

/** One user record as a producer hands it to the KPL. */
export interface KplUserRecord {
  /** Index into the aggregate's partition keys; `undefined` leaves the field out. */
  readonly key?: number;
  readonly data?: Uint8Array;
  readonly hashKey?: number;
  readonly tags?: readonly Uint8Array[];
}

const MAGIC = Buffer.from('f3899ac2', 'hex');

/**
 * A KPL aggregate, written from the format's description: magic, `AggregatedRecord`, MD5 of that.
 *
 *     message AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2; repeated Record records = 3; }
 *     message Record { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2; required bytes data = 3; repeated Tag tags = 4; }
 */
export function kplAggregate(keys: readonly string[], records: readonly KplUserRecord[], hashKeys: readonly string[] = []): Buffer {
  return framed(
    Buffer.concat([
      ...keys.map((key) => delimited(1, Buffer.from(key))),
      ...hashKeys.map((key) => delimited(2, Buffer.from(key))),
      ...records.map((record) => delimited(3, userRecord(record))),
    ]),
  );
}

/** Magic and digest around any message. */
export function framed(message: Uint8Array): Buffer {
  return Buffer.concat([MAGIC, message, createHash('md5').update(message).digest()]);
}

function userRecord({ key, data, hashKey, tags = [] }: KplUserRecord): Buffer {
  return Buffer.concat([
    ...(key === undefined ? [] : [varint(8), varint(key)]),
    ...(hashKey === undefined ? [] : [varint(16), varint(hashKey)]),
    ...(data === undefined ? [] : [delimited(3, data)]),
    ...tags.map((tag) => delimited(4, tag)),
  ]);
}

/** A protobuf field of wire type 2. */
export function delimited(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

/** Base-128, least group first. */
export function varint(value: number): Buffer {
  const groups: number[] = [];
  let rest = value;
  while (rest >= 128) {
    groups.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...groups, rest]);
}
