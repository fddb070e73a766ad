import { createHash } from 'node:crypto';

/** A record that the Kinesis Producer Library packed with others into one Kinesis record. */
export interface UserRecord {
  /** Absent where the aggregate has none: streams with automatic record distribution do not ask for one. */
  readonly partitionKey?: string;
  readonly data: Uint8Array;
}

/** What a record's bytes turn out to be. */
export type Deaggregation =
  | { readonly kind: 'plain' }
  | { readonly kind: 'aggregate'; readonly userRecords: readonly UserRecord[] }
  | { readonly kind: 'damaged'; readonly reason: string };

const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const DIGEST_BYTES = 16;

/**
 * Takes a KPL aggregate apart: magic, protobuf message `AggregatedRecord`, MD5 of that message (KPL aggregation format).
 * Bytes with the magic but not the digest are no aggregate that anybody could read: they are damaged.
 */
export function deaggregate(bytes: Buffer): Deaggregation {
  if (!startsWithMagic(bytes)) return { kind: 'plain' };
  const message = bytes.subarray(MAGIC.length, bytes.length - DIGEST_BYTES);
  const digest = bytes.subarray(bytes.length - DIGEST_BYTES);
  if (bytes.length < MAGIC.length + DIGEST_BYTES || !createHash('md5').update(message).digest().equals(digest)) {
    return { kind: 'damaged', reason: 'KPL aggregate whose MD5 digest does not match' };
  }
  try {
    const userRecords = readAggregate(message);
    // No producer sends one; were it something newer, its records would vanish in silence.
    return userRecords.length === 0
      ? { kind: 'damaged', reason: 'KPL aggregate without user records' }
      : { kind: 'aggregate', userRecords };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { kind: 'damaged', reason: `KPL aggregate with a malformed protobuf message: ${error.message}` };
  }
}

function startsWithMagic(bytes: Buffer): boolean {
  return bytes.length >= MAGIC.length && bytes.subarray(0, MAGIC.length).equals(MAGIC);
}

/** `AggregatedRecord`: 1 = partition_key_table, 2 = explicit_hash_key_table, 3 = records. @throws {RangeError} on malformed bytes. */
function readAggregate(message: Buffer): UserRecord[] {
  const keys: string[] = [];
  const records: Buffer[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) keys.push(asBytes(field).toString('utf8'));
    if (field.number === 3) records.push(asBytes(field));
  }
  return records.map((record) => readUserRecord(record, keys));
}

/** `Record`: 1 = partition_key_index, 2 = explicit_hash_key_index, 3 = data, 4 = tags. */
function readUserRecord(message: Buffer, keys: readonly string[]): UserRecord {
  let partitionKey: string | undefined;
  let data: Buffer | undefined;
  for (const field of fieldsOf(message)) {
    if (field.number === 1 && typeof field.value === 'number') partitionKey = keys[field.value];
    if (field.number === 3) data = asBytes(field);
  }
  if (data === undefined) throw new RangeError('a user record has no data');
  return { data, ...(partitionKey === undefined ? {} : { partitionKey }) };
}

interface Field {
  readonly number: number;
  readonly value: number | Buffer;
}

function asBytes(field: Field): Buffer {
  if (typeof field.value === 'number') throw new RangeError(`field ${field.number} is not length-delimited`);
  return field.value;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    const number = Math.floor(tag.value / 8);
    const { value, next } = readValue(message, tag.next, tag.value % 8);
    at = next;
    yield { number, value };
  }
}

function readValue(message: Buffer, at: number, wireType: number): { value: number | Buffer; next: number } {
  switch (wireType) {
    case VARINT:
      return readVarint(message, at);
    case FIXED64:
      return readBytes(message, at, 8);
    case LENGTH_DELIMITED: {
      const length = readVarint(message, at);
      return readBytes(message, length.next, length.value);
    }
    case FIXED32:
      return readBytes(message, at, 4);
    default:
      throw new RangeError(`wire type ${wireType} at byte ${at}`);
  }
}

function readBytes(message: Buffer, at: number, length: number): { value: Buffer; next: number } {
  if (at + length > message.length) throw new RangeError(`a field of ${length} bytes at byte ${at} runs past the end`);
  return { value: message.subarray(at, at + length), next: at + length };
}

function readVarint(message: Buffer, start: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  for (let at = start; at < Math.min(start + 10, message.length); at++) {
    const byte = message[at] ?? 0;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new RangeError(`unfinished number at byte ${start}`);
}
