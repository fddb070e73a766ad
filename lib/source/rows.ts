import { isUtf8 } from 'node:buffer';
import { constants, gunzipSync } from 'node:zlib';
import type { Bytes } from '../units.ts';
import { endOfValue, jsonText, kindOf, NOT_JSON, type OnNumber, skipBlanks } from './json.ts';
import { scalarFields } from './json-members.ts';
import { isLongNumber } from './long-numbers.ts';
import type { DecodedRecord, Fault, Row, SourceRecord } from './record.ts';
import { bytesOf, lengthOf, type Slice, sliceOf } from './slice.ts';
import { type AddedMembers, splice } from './splice.ts';

/** Version of what passes for a row: to be raised when a payload that was a row becomes poison, or the other way round. */
export const READING = 1;

/** How payloads become rows. */
export interface RowRules {
  /** A payload that is larger, compressed or not, is a poison row. */
  readonly maxRowBytes: Bytes;
  /** Top-level fields that routing looks at; they are kept with the row. */
  readonly keepFields: readonly string[];
  /** `quote` makes strings of numbers of more than 15 significant digits, which Doris may round (reference 9.8). Default `keep`. */
  readonly longNumbers?: 'keep' | 'quote';
  /** What every row is given at its front. Default nothing. */
  readonly addedMembers?: AddedMembers;
}

/** A decoded record, and how many bytes were read to tell: those of the unpacked payload, a poison row's as well. */
export interface Reading {
  readonly decoded: DecodedRecord;
  readonly bytesRead: number;
}

/** A payload as a JSON object in one line, or the fault that makes it poison. */
type Text = { readonly line: Slice; readonly fields?: Row['fields'] } | Fault;

/** {@link readRow} for those who do not count. */
export function decodeRow(record: SourceRecord, rules: RowRules): DecodedRecord {
  return readRow(record, rules).decoded;
}

/**
 * Checks that a payload is exactly one JSON object and leaves its bytes as they are: nothing is parsed and written again, so long
 * numbers, duplicate keys and key order reach Doris digit for digit. Line breaks between tokens become blanks (JSON strings cannot hold
 * them raw), a line end behind all is left out, a byte order mark is dropped, gzip (by its magic bytes, which no JSON text starts with) is
 * unpacked. What the rules add goes between these bytes.
 */
export function readRow(record: SourceRecord, rules: RowRules): Reading {
  const { text, bytesRead } = unpacked(record.payload, rules);
  const decoded = Buffer.isBuffer(text) ? decodeText(text, record, rules) : text;
  if ('errorClass' in decoded) return { decoded: { kind: 'poison', record, fault: decoded }, bytesRead };
  return { decoded: { kind: 'row', record, ...decoded }, bytesRead };
}

/** What a decoded record costs in memory besides its bytes, roughly. */
const RECORD_BYTES = 512;

/** What a reading holds in memory: bytes of what was read, or of the row where its columns make it larger. */
export function heldBy({ decoded, bytesRead }: Reading): number {
  return RECORD_BYTES + (decoded.kind === 'row' ? Math.max(bytesRead, lengthOf(decoded.line)) : bytesRead);
}

/** Whether a payload is packed: reading it may cost far more than its size. */
export function isGzip({ memory, start, end }: Slice): boolean {
  return end - start >= 2 && memory[start] === 0x1f && memory[start + 1] === 0x8b;
}

/**
 * Deflate makes up to a thousand bytes of one, and damage may show only at the end. Nothing of it is kept, and unpacking without reading
 * costs about a thirtieth of the rest, so that is what counts.
 */
const FAILED_UNPACKING = 32;

function unpacked(payload: Slice, rules: RowRules): { text: Buffer | Fault; bytesRead: number } {
  const length = lengthOf(payload);
  if (length > rules.maxRowBytes) return { text: oversize(`payload of ${length} bytes`, rules), bytesRead: length };
  if (!isGzip(payload)) return { text: bytesOf(payload), bytesRead: length };
  const text = gunzip(bytesOf(payload), rules);
  return { text, bytesRead: Buffer.isBuffer(text) ? text.length : Math.min(rules.maxRowBytes, FAILED_UNPACKING * length) };
}

/** With `info`, zlib also gives its engine, which knows how many bytes it took. */
interface Unpacking {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function gunzip(payload: Buffer, rules: RowRules): Buffer | Fault {
  try {
    const options = { maxOutputLength: rules.maxRowBytes, chunkSize: roomFor(payload, rules), info: true };
    const { buffer, engine } = gunzipSync(payload, options) as unknown as Unpacking;
    // zlib stops at a zero byte behind the end, as padding of files begins, and is silent about all that follows it.
    const behind = payload.subarray(engine.bytesWritten);
    return behind.some((byte) => byte !== 0) ? decodeFault(`damaged gzip payload: ${behind.length} bytes after its end`) : buffer;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') return oversize('unpacked gzip payload', rules);
    return decodeFault(`damaged gzip payload: ${error.message}`);
  }
}

/** Bytes that deflate makes of one, at most. */
const MOST_OF_ONE = 1032;
/** Bytes of text modulo 2^32, at the very end (RFC 1952, ISIZE). */
const SIZE_BYTES = 4;
/** zlib takes another piece of memory as soon as one is full. */
const SPARE_ROOM = constants.Z_MIN_CHUNK;

/**
 * Room for the text that a payload says to hold: zlib hands out the memory that it wrote to, whole, and a row keeps it. What is said may be
 * untrue until zlib is done: more than deflate can make would be room for nothing, and far less than is packed pieces without number.
 */
function roomFor(payload: Buffer, { maxRowBytes }: RowRules): number {
  const claimed = payload.length < SIZE_BYTES ? 0 : payload.readUInt32LE(payload.length - SIZE_BYTES);
  const isPossible = claimed <= Math.min(maxRowBytes, MOST_OF_ONE * payload.length);
  return SPARE_ROOM + Math.max(payload.length, isPossible ? claimed : 0);
}

function oversize(what: string, rules: RowRules): Fault {
  return { errorClass: 'oversize', reason: `${what} is larger than the allowed ${rules.maxRowBytes} bytes` };
}

function decodeFault(reason: string): Fault {
  return { errorClass: 'decode', reason };
}

function decodeText(bytes: Buffer, record: SourceRecord, rules: RowRules): Text {
  if (!isUtf8(bytes)) return decodeFault('payload is not valid UTF-8');
  const text = withoutLineEnd(withoutByteOrderMark(bytes));
  const start = skipBlanks(text, 0);
  if (start === text.length) return decodeFault('payload is empty');
  const quotes: number[] = [];
  const end = endOfValue(jsonText(text), start, rules.longNumbers === 'quote' ? quoteLong(text, quotes) : undefined);
  if (end === NOT_JSON) return decodeFault('payload is not JSON');
  const kind = kindOf(text[start]);
  if (skipBlanks(text, end) < text.length)
    return decodeFault(kind === 'object' || kind === 'array' ? whatFollows(text, end) : 'payload is not JSON');
  if (kind !== 'object') return decodeFault(`payload is a JSON ${kind}, not an object`);
  return rowOf(text, start, quotes, record, rules);
}

function rowOf(text: Buffer, start: number, quotes: readonly number[], record: SourceRecord, rules: RowRules): Text {
  const line = sliceOf(splice(inOneLine(text), start, { members: rules.addedMembers?.(record) ?? '', quotes }));
  return rules.keepFields.length === 0 ? { line } : { line, fields: scalarFields(jsonText(text), start, rules.keepFields) };
}

function quoteLong(text: Buffer, quotes: number[]): OnNumber {
  return (start, end) => {
    if (isLongNumber(text, start, end)) quotes.push(start, end);
  };
}

function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** Many producers end each record's line; the body's line end takes the place of this one. */
function withoutLineEnd(bytes: Buffer): Buffer {
  return bytes[bytes.length - 1] === LINE_FEED ? bytes.subarray(0, -1) : bytes;
}

const COMMA = 0x2c;

/** Names what stands behind the first document; several documents are often joined by commas. */
function whatFollows(text: Buffer, end: number): string {
  let at = skipBlanks(text, end);
  while (text[at] === COMMA) at = skipBlanks(text, at + 1);
  const next = at < text.length ? kindOf(text[at]) : undefined;
  const what = next === 'object' || next === 'array' ? 'holds more than one JSON document' : 'has text after its JSON document';
  return `payload ${what} (the first ends at byte ${end})`;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;

function inOneLine(bytes: Buffer): Buffer {
  if (!bytes.includes(LINE_FEED) && !bytes.includes(CARRIAGE_RETURN)) return bytes;
  const line = Buffer.from(bytes);
  for (let at = 0; at < line.length; at++) if (line[at] === LINE_FEED || line[at] === CARRIAGE_RETURN) line[at] = BLANK;
  return line;
}
