import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import type { Bytes } from '../units.ts';
import type { DecodedRecord, Fault, SourceRecord } from './record.ts';

/** How payloads become rows. */
export interface RowRules {
  /** A payload that is larger, compressed or not, is a poison row. */
  readonly maxRowBytes: Bytes;
  /** Whether routing looks into rows; their top-level fields are kept then. */
  readonly keepFields: boolean;
}

/** A payload as a JSON object in one line, or the fault that makes it poison. */
type Decoded = { readonly line: Buffer; readonly fields: Record<string, unknown> } | Fault;

/**
 * Checks that a payload is exactly one JSON object and leaves its bytes as they are: nothing is parsed and written again, so long
 * numbers, duplicate keys and key order reach Doris digit for digit. Line breaks between tokens become blanks (JSON strings cannot
 * hold them raw), a byte order mark is dropped, gzip (by its magic bytes, which no JSON text starts with) is unpacked.
 */
export function decodeRow(record: SourceRecord, rules: RowRules): DecodedRecord {
  const decoded = decodePayload(asBuffer(record.payload), rules);
  if ('errorClass' in decoded) return { kind: 'poison', record, fault: decoded };
  return { kind: 'row', record, line: decoded.line, ...(rules.keepFields ? { fields: decoded.fields } : {}) };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decodePayload(payload: Buffer, rules: RowRules): Decoded {
  if (payload.length > rules.maxRowBytes) return oversize(`payload of ${payload.length} bytes`, rules);
  if (payload[0] === 0x1f && payload[1] === 0x8b) return decodeGzip(payload, rules);
  return decodeText(payload);
}

function decodeGzip(payload: Buffer, rules: RowRules): Decoded {
  try {
    return decodeText(gunzipSync(payload, { maxOutputLength: rules.maxRowBytes }));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') return oversize('unpacked gzip payload', rules);
    return decodeFault(`damaged gzip payload: ${error.message}`);
  }
}

function oversize(what: string, rules: RowRules): Fault {
  return { errorClass: 'oversize', reason: `${what} is larger than the allowed ${rules.maxRowBytes} bytes` };
}

function decodeFault(reason: string): Fault {
  return { errorClass: 'decode', reason };
}

function decodeText(bytes: Buffer): Decoded {
  if (!isUtf8(bytes)) return decodeFault('payload is not valid UTF-8');
  const text = withoutByteOrderMark(bytes);
  const document = text.toString('utf8');
  try {
    const value: unknown = JSON.parse(document);
    if (!isObject(value)) return decodeFault(`payload is a JSON ${nameOf(value)}, not an object`);
    return { line: inOneLine(text), fields: value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return decodeFault(faultOfText(document));
  }
}

function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;

function inOneLine(bytes: Buffer): Buffer {
  if (!bytes.includes(LINE_FEED) && !bytes.includes(CARRIAGE_RETURN)) return bytes;
  return Buffer.from(bytes.map((byte) => (byte === LINE_FEED || byte === CARRIAGE_RETURN ? BLANK : byte)));
}

/** Names what is wrong with a text that is not one JSON document. */
function faultOfText(text: string): string {
  if (/^[ \t\r\n]*$/.test(text)) return 'payload is empty';
  const end = endOfFirstDocument(text);
  if (end === undefined) return 'payload is not JSON';
  const kind = /^[ \t\r\n,]*[[{]/.test(text.slice(end)) ? 'holds more than one JSON document' : 'has text after its JSON document';
  return `payload ${kind} (the first ends at character ${end})`;
}

/** Where the object or array that opens the text closes, when that much of the text is JSON. */
function endOfFirstDocument(text: string): number | undefined {
  const end = closingBracket(text);
  if (end === undefined) return undefined;
  try {
    JSON.parse(text.slice(0, end));
    return end;
  } catch {
    return undefined;
  }
}

function closingBracket(text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
