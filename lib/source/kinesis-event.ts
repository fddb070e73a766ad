import * as z from 'zod';
import { ContractViolation } from '../errors.ts';

/** The last second that a JS date holds (ECMA-262, 8.64e15 ms). */
const LAST_SECOND = 8.64e12;

const STREAM_ARN = /^arn:[^:]+:kinesis:[^:]*:[^:]*:stream\/[^/]+/;
const EVENT_ID = /^[^:]+:\d+$/;
const SEQUENCE_NUMBER = /^(0|[1-9]\d{0,128})$/;

const recordSchema = z.object({
  eventSource: z.literal('aws:kinesis'),
  eventSourceARN: z.string().regex(STREAM_ARN, 'must be the ARN of a Kinesis stream or of its consumer'),
  eventID: z.string().regex(EVENT_ID, 'must be <shard id>:<sequence number>'),
  kinesis: z.object({
    sequenceNumber: z.string().regex(SEQUENCE_NUMBER, 'must be a sequence number'),
    partitionKey: z.string().nullish(),
    data: z.string(),
    approximateArrivalTimestamp: z.number().nonnegative().max(LAST_SECOND),
  }),
});

const eventSchema = z.object({ Records: z.array(recordSchema) });

/** One record as Lambda brings it. */
export type KinesisEventRecord = z.infer<typeof recordSchema>;

/**
 * The records of Lambda's Kinesis event. A good event, which may hold ten thousand, is not copied: the schema is asked only for what is
 * wrong with another.
 * @throws {ContractViolation} naming the first part that is not shaped as Lambda shapes it.
 */
export function readKinesisEvent(event: unknown): readonly KinesisEventRecord[] {
  if (isObject(event) && Array.isArray(event['Records']) && event['Records'].every(isRecord)) return event['Records'];
  const parsed = eventSchema.safeParse(event);
  if (parsed.success) return parsed.data.Records;
  const issue = parsed.error.issues[0];
  throw new ContractViolation(`not a Kinesis event: ${issue?.path.join('.') || 'event'}: ${issue?.message}`);
}

function isRecord(record: unknown): record is KinesisEventRecord {
  if (!isObject(record)) return false;
  const { eventSource, eventSourceARN, eventID, kinesis } = record;
  return eventSource === 'aws:kinesis' && isText(eventSourceARN, STREAM_ARN) && isText(eventID, EVENT_ID) && isData(kinesis);
}

function isData(kinesis: unknown): boolean {
  if (!isObject(kinesis)) return false;
  const { sequenceNumber, partitionKey, data, approximateArrivalTimestamp: arrived } = kinesis;
  const keyed = partitionKey == null || typeof partitionKey === 'string';
  const timed = typeof arrived === 'number' && arrived >= 0 && arrived <= LAST_SECOND;
  return keyed && timed && typeof data === 'string' && isText(sequenceNumber, SEQUENCE_NUMBER);
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
