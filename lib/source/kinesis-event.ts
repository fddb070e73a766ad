import * as z from 'zod';
import { ContractViolation } from '../errors.ts';
import { grouped } from '../grouped.ts';
import type { KinesisShard } from './record.ts';

/** The last second that a JS date holds (ECMA-262, 8.64e15 ms). */
const LAST_SECOND = 8.64e12;

const STREAM_ARN = /^arn:[^:]+:kinesis:[^:]*:[^:]*:stream\/[^/]+/;
const EVENT_ID = /^[^:]+:\d+$/;
const SEQUENCE_NUMBER = /^(?:0|[1-9]\d*)$/;
/** Of a sequence number (API pattern `0|([1-9]\d{0,128})`). A pattern that counts takes twice as long. */
const MOST_DIGITS = 129;

const recordSchema = z.object({
  eventSource: z.literal('aws:kinesis'),
  eventSourceARN: z.string().regex(STREAM_ARN, 'must be the ARN of a Kinesis stream or of its consumer'),
  eventID: z.string().regex(EVENT_ID, 'must be <shard id>:<sequence number>'),
  kinesis: z.object({
    sequenceNumber: z.string().refine(isSequenceNumber, 'must be a sequence number'),
    partitionKey: z.string().nullish(),
    data: z.string(),
    approximateArrivalTimestamp: z.number().nonnegative().max(LAST_SECOND),
  }),
});

const eventSchema = z.object({ Records: z.array(recordSchema) });

/** One record as Lambda brings it. */
export type KinesisEventRecord = z.infer<typeof recordSchema>;

/** The records of one shard, in the event's order. */
export interface ShardRecords {
  readonly source: KinesisShard;
  readonly records: readonly KinesisEventRecord[];
}

/**
 * The records of Lambda's Kinesis event, by shard. Lambda delivers one shard an event; an event with several is read all the same. A good
 * event, which may hold ten thousand, is not copied: the schema is asked only for what is wrong with another.
 * @throws {ContractViolation} naming the first part that is not shaped as Lambda shapes it.
 */
export function readKinesisEvent(event: unknown): ShardRecords[] {
  if (!isObject(event) || !Array.isArray(event['Records'])) return refuse(event);
  const records: readonly unknown[] = event['Records'];
  const [first] = records;
  const only = isRecord(first) ? shardOf(first) : undefined;
  if (only !== undefined && areOf(only, records)) return [{ source: only.source, records }];
  if (!records.every(isRecord)) return refuse(event);
  return grouped(records, nameOf).map((some) => ({ source: shardOf(some[0]).source, records: some }));
}

/** A shard of an event, and how the ids of its records are spelt. */
interface Shard {
  readonly source: KinesisShard;
  readonly arn: string;
  readonly idPrefix: string;
}

/** @throws {ContractViolation} always. */
function refuse(event: unknown): never {
  const issue = eventSchema.safeParse(event).error?.issues[0];
  throw new ContractViolation(`not a Kinesis event: ${issue?.path.join('.') || 'event'}: ${issue?.message}`);
}

function areOf(shard: Shard, records: readonly unknown[]): records is readonly KinesisEventRecord[] {
  for (let index = 0; index < records.length; index++) if (!isOf(shard, records[index])) return false;
  return true;
}

/** Whether it is one more record of a shard: cheaper to see than that it is any record. */
function isOf({ arn, idPrefix }: Shard, record: unknown): record is KinesisEventRecord {
  if (!isObject(record) || record['eventSource'] !== 'aws:kinesis' || record['eventSourceARN'] !== arn) return false;
  const { eventID, kinesis } = record;
  if (!isData(kinesis) || typeof eventID !== 'string') return false;
  return isJoined(eventID, idPrefix, kinesis.sequenceNumber);
}

/**
 * Whether a text is two others, one behind the other. Joined to be compared, they would be a copy a record; `startsWith` and `endsWith`, which look at
 * a character at a time, take three times as long as searches that can find their text at one place only.
 */
function isJoined(text: string, front: string, back: string): boolean {
  const { length } = front;
  return text.length === length + back.length && text.indexOf(back, length) === length && text.lastIndexOf(front, 0) === 0;
}

function isRecord(record: unknown): record is KinesisEventRecord {
  if (!isObject(record)) return false;
  const { eventSource, eventSourceARN, eventID, kinesis } = record;
  return eventSource === 'aws:kinesis' && isText(eventSourceARN, STREAM_ARN) && isText(eventID, EVENT_ID) && isData(kinesis);
}

function isData(kinesis: unknown): kinesis is KinesisEventRecord['kinesis'] {
  if (!isObject(kinesis)) return false;
  const { sequenceNumber, partitionKey, data, approximateArrivalTimestamp: arrived } = kinesis;
  const keyed = partitionKey == null || typeof partitionKey === 'string';
  const timed = typeof arrived === 'number' && arrived >= 0 && arrived <= LAST_SECOND;
  return keyed && timed && typeof data === 'string' && typeof sequenceNumber === 'string' && isSequenceNumber(sequenceNumber);
}

function isSequenceNumber(text: string): boolean {
  return text.length <= MOST_DIGITS && SEQUENCE_NUMBER.test(text);
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function shardOf({ eventSourceARN: arn, eventID }: KinesisEventRecord): Shard {
  // A consumer of enhanced fan-out has an ARN below the stream's.
  const stream = arn.replace(/(:stream\/[^/]+)\/.*$/, '$1');
  const shard = eventID.slice(0, eventID.lastIndexOf(':'));
  const source = { kind: 'kinesis', stream, streamName: stream.slice(stream.indexOf('/') + 1), shard } as const;
  return { source, arn, idPrefix: `${shard}:` };
}

function nameOf(record: KinesisEventRecord): string {
  const { stream, shard } = shardOf(record).source;
  return `${stream} ${shard}`;
}
