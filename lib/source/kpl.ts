import { createHash } from 'node:crypto';
import type { Slice, Span } from './slice.ts';

/** A record that the Kinesis Producer Library packed with others into one Kinesis record: where its bytes stand in memory. */
export interface UserRecord extends Span {
  /** Absent where the aggregate has none: streams with automatic record distribution do not ask for one. */
  readonly partitionKey: string | undefined;
}

/** What a record's bytes turn out to be. User records stand in an aggregate in their order, at least four bytes before each. */
export type Deaggregation =
  | { readonly kind: 'plain' }
  | { readonly kind: 'aggregate'; readonly userRecords: readonly UserRecord[] }
  | { readonly kind: 'damaged'; readonly reason: string };

const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const DIGEST_BYTES = 16;

const PLAIN = { kind: 'plain' } as const;

/**
 * Takes a KPL aggregate apart: magic, protobuf message `AggregatedRecord`, MD5 of that message (KPL aggregation format).
 * Bytes with the magic but not the digest are no aggregate that anybody could read: they are damaged.
 */
export function deaggregate({ memory, start, end }: Slice): Deaggregation {
  if (!beginsWithMagic(memory, start, end)) return PLAIN;
  const message = { start: start + MAGIC.length, end: end - DIGEST_BYTES };
  if (message.end < message.start || !isDigestOf(memory.subarray(message.start, message.end), memory.subarray(message.end, end))) {
    return { kind: 'damaged', reason: 'KPL aggregate whose MD5 digest does not match' };
  }
  try {
    const userRecords = readAggregate({ memory, start, end }, message);
    // No producer sends one; were it something newer, its records would vanish in silence.
    return userRecords.length === 0
      ? { kind: 'damaged', reason: 'KPL aggregate without user records' }
      : { kind: 'aggregate', userRecords };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { kind: 'damaged', reason: `KPL aggregate with a malformed protobuf message: ${error.message}` };
  }
}

/** The first byte is none of JSON's. */
function beginsWithMagic(memory: Buffer, start: number, end: number): boolean {
  return memory[start] === MAGIC[0] && memory.subarray(start, Math.min(end, start + MAGIC.length)).equals(MAGIC);
}

function isDigestOf(message: Buffer, digest: Buffer): boolean {
  return createHash('md5').update(message).digest().equals(digest);
}

/** `AggregatedRecord`: 1 = partition_key_table, 2 = explicit_hash_key_table, 3 = records. @throws {RangeError} on malformed bytes. */
function readAggregate(aggregate: Slice, message: Span): UserRecord[] {
  const keys: string[] = [];
  const messages: Span[] = [];
  const field = fieldsOf(aggregate, message);
  while (next(field)) {
    if (field.number === 1) keys.push(aggregate.memory.toString('utf8', startOf(field), field.at));
    if (field.number === 3) messages.push({ start: startOf(field), end: field.at });
  }
  return messages.map((record) => readUserRecord(aggregate, record, keys));
}

/** `Record`: 1 = partition_key_index, 2 = explicit_hash_key_index, 3 = data, 4 = tags. */
function readUserRecord(aggregate: Slice, message: Span, keys: readonly string[]): UserRecord {
  let partitionKey: string | undefined;
  let start: number | undefined;
  let end = 0;
  const field = fieldsOf(aggregate, message);
  while (next(field)) {
    if (field.number === 1 && field.wireType === VARINT) partitionKey = keys[field.value];
    if (field.number !== 3) continue;
    start = startOf(field);
    end = field.at;
  }
  if (start === undefined) throw new RangeError('a user record has no data');
  return { partitionKey, start, end };
}

/** The field of a protobuf message that was read last. Written over from field to field: an aggregate has thousands. */
interface Field {
  readonly aggregate: Slice;
  /** Of the message. */
  readonly end: number;
  /** Behind the field. */
  at: number;
  number: number;
  wireType: number;
  /** Of a varint its value, of a length-delimited field its length. */
  value: number;
}

/** The fields of a message, of which {@link next} reads the first. */
function fieldsOf(aggregate: Slice, { start, end }: Span): Field {
  return { aggregate, end, at: start, number: 0, wireType: VARINT, value: 0 };
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Reads the field behind this one, if there is one. */
function next(field: Field): boolean {
  if (field.at >= field.end) return false;
  const tag = readVarint(field);
  field.number = Math.floor(tag / 8);
  field.wireType = tag % 8;
  field.value = 0;
  skipValue(field);
  return true;
}

function skipValue(field: Field): void {
  switch (field.wireType) {
    case VARINT:
      field.value = readVarint(field);
      return;
    case FIXED64:
      skip(field, 8);
      return;
    case LENGTH_DELIMITED:
      field.value = readVarint(field);
      skip(field, field.value);
      return;
    case FIXED32:
      skip(field, 4);
      return;
    default:
      throw new RangeError(`wire type ${field.wireType} at byte ${placeOf(field)}`);
  }
}

/** Where the bytes of a length-delimited field begin, which it ends with. */
function startOf({ number, wireType, at, value }: Field): number {
  if (wireType !== LENGTH_DELIMITED) throw new RangeError(`field ${number} is not length-delimited`);
  return at - value;
}

function skip(field: Field, length: number): void {
  if (field.at + length > field.end) throw new RangeError(`a field of ${length} bytes at byte ${placeOf(field)} runs past the end`);
  field.at += length;
}

/** In the aggregate, wherever that lies in memory: a record is told the same of on every delivery. */
function placeOf({ aggregate, at }: Field): number {
  return at - aggregate.start;
}

const MOST_VARINT_BYTES = 10;

function readVarint(field: Field): number {
  const { memory } = field.aggregate;
  const { at: start } = field;
  const last = Math.min(start + MOST_VARINT_BYTES, field.end);
  let value = 0;
  let scale = 1;
  for (let at = start; at < last; at++) {
    const byte = memory[at] ?? 0;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) {
      field.at = at + 1;
      return value;
    }
  }
  throw new RangeError(`unfinished number at byte ${placeOf(field)}`);
}
