import { endOfString, endOfValue, type JsonText, jsonText, kindOf, skipBlanks } from './json.ts';
import type { Span } from './slice.ts';

/** A member of an object: its key, and where its value stands. */
export interface Member extends Span {
  readonly key: string;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSE_ARRAY = 0x5d;

/** The members of the object that begins at `start`, in order, duplicate keys included. @param text - JSON, checked. */
export function* membersOf(text: Buffer, start: number): Generator<Member> {
  const json = jsonText(text);
  let at = skipBlanks(text, start + 1);
  while (text[at] === QUOTE) {
    const endOfKey = endOfString(json, at);
    const key = stringAt(text, { start: at, end: endOfKey });
    const value = valueFrom(json, skipBlanks(text, endOfKey) + 1);
    yield { key, ...value };
    at = behindComma(text, value.end);
  }
}

/** The elements of the array that begins at `start`, in order. @param text - JSON, checked. */
export function* elementsOf(text: Buffer, start: number): Generator<Span> {
  const json = jsonText(text);
  let at = skipBlanks(text, start + 1);
  while (at < text.length && text[at] !== CLOSE_ARRAY) {
    const element = valueFrom(json, at);
    yield element;
    at = behindComma(text, element.end);
  }
}

function valueFrom(text: JsonText, at: number): Span {
  const start = skipBlanks(text.bytes, at);
  return { start, end: endOfValue(text, start) };
}

function behindComma(text: Buffer, at: number): number {
  const next = skipBlanks(text, at);
  return text[next] === COMMA ? skipBlanks(text, next + 1) : next;
}

/** What a JSON string says; half a surrogate pair may be part of it. */
export function stringAt(text: Buffer, { start, end }: Span): string {
  const raw = text.toString('utf8', start + 1, end - 1);
  return raw.includes('\\') ? String(JSON.parse(text.toString('utf8', start, end))) : raw;
}

const NO_FIELDS: Readonly<Record<string, unknown>> = {};

/**
 * The top-level fields of these names; `undefined` where one holds no text, number, boolean or null. Of a duplicate key the first counts, as in Doris
 * (reference 9.7; `JSON.parse` takes the last): a record must not be routed by a value that is not the one stored.
 * @param start - where a JSON object begins, checked.
 */
export function scalarFields(json: JsonText, start: number, names: readonly string[]): Readonly<Record<string, unknown>> {
  const { bytes: text } = json;
  let fields = NO_FIELDS;
  let missing = names.length;
  let at = skipBlanks(text, start + 1);
  while (text[at] === QUOTE && missing > 0) {
    const endOfKey = endOfString(json, at);
    const value = skipBlanks(text, skipBlanks(text, endOfKey) + 1);
    const end = endOfValue(json, value);
    for (const name of names) {
      if (!isNamed(text, at, endOfKey, name) || Object.hasOwn(fields, name)) continue;
      const field = { [name]: scalarAt(text, value, end) };
      fields = fields === NO_FIELDS ? field : { ...fields, ...field };
      missing--;
    }
    at = behindComma(text, end);
  }
  return fields;
}

const BACKSLASH = 0x5c;

/** Whether a key is a name. It is spelt out only where an escape, or a character beyond ASCII, keeps bytes and characters apart. */
function isNamed(text: Buffer, start: number, end: number, name: string): boolean {
  const length = end - start - 2;
  for (let index = 0; index < length; index++) {
    const byte = text[start + 1 + index] ?? 0;
    if (byte === BACKSLASH || byte >= 0x80) return stringAt(text, { start, end }) === name;
    if (byte !== name.charCodeAt(index)) return false;
  }
  return length === name.length;
}

/** `undefined` for an object and an array. */
function scalarAt(text: Buffer, start: number, end: number): unknown {
  const kind = kindOf(text[start]);
  if (kind === 'object' || kind === 'array') return undefined;
  return kind === 'string' ? stringAt(text, { start, end }) : JSON.parse(text.toString('latin1', start, end));
}
