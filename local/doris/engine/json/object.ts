import { findPath, type JsonPath } from './path.ts';
import { MALFORMED, skipBlanks, skipKey, skipValue, stringMeaning } from './scan.ts';

/** A field of a row before conversion: its text, NULL, or missing from the row. */
export type Field = string | null | undefined;

/** Reads objects into fields. Fields are written in place: rows are many and short-lived. */
export interface ObjectReader {
  readonly fields: Field[];
  /** How many fields the last object had. */
  readonly matched: () => number;
  /** True when a text of the last object was written with escapes, which may spell control characters. */
  readonly escaped: () => boolean;
  /** Reads the object that starts at `at` and gives its end, or `MALFORMED`. */
  read(text: string, at: number): number;
}

interface State {
  readonly roundsDecimals: boolean;
  readonly fields: Field[];
  matched: number;
  escaped: boolean;
}

interface KeyedState extends State {
  readonly index: ReadonlyMap<string, number>;
  /** By the place of the member in its object: rows of one producer name their keys in one order. */
  readonly lastKeys: WrittenKey[];
}

/** A key as it was written, from its first quote to the start of its value. */
interface WrittenKey {
  readonly written: string;
  /** Undefined for a key that is no field. */
  readonly column: number | undefined;
}

/** Keys beyond it are looked up in every row. */
const MOST_LAST_KEYS = 1000;

/** A number that is read as a double. */
const DECIMAL = /^-?\d+(?=[.eE])[\d.eE+-]*$/;

const QUOTE = 34;
const COMMA = 44;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const LOWER_N = 110;
const LOWER_T = 116;
const LOWER_F = 102;

/** Reads fields by key: exact case, first of equal keys wins, unknown keys are checked and ignored (reference 9.6, 9.7). */
export function keyedReader(names: readonly string[], roundsDecimals: boolean): ObjectReader {
  const index = new Map(names.map((name, at) => [name, at] as const));
  const state: KeyedState = { ...emptyState(names, roundsDecimals), index, lastKeys: [] };
  return readerOf(state, (text, at) => readKeyed(state, text, at));
}

/** Reads fields by path, by position (test_json_load.case14); fields without a path are missing. */
export function pathReader(names: readonly string[], paths: readonly JsonPath[], roundsDecimals: boolean): ObjectReader {
  const state = emptyState(names, roundsDecimals);
  return readerOf(state, (text, at) => readPaths(state, paths, text, at));
}

/** A value as Doris hands it to a column: booleans as 1 and 0, numbers as they stand, nested values as their text (reference 9.8). */
export function fieldText(text: string, start: number, end: number): Field {
  switch (text.charCodeAt(start)) {
    case QUOTE:
      return stringMeaning(text, start, end);
    case LOWER_N:
      return null;
    case LOWER_T:
      return '1';
    case LOWER_F:
      return '0';
    default:
      return text.slice(start, end);
  }
}

function emptyState(names: readonly string[], roundsDecimals: boolean): State {
  return { roundsDecimals, fields: names.map(() => undefined), matched: 0, escaped: false };
}

function readerOf(state: State, read: ObjectReader['read']): ObjectReader {
  return { fields: state.fields, matched: () => state.matched, escaped: () => state.escaped, read };
}

function restart(state: State): void {
  state.fields.fill(undefined);
  state.matched = 0;
  state.escaped = false;
}

function readKeyed(state: KeyedState, text: string, start: number): number {
  restart(state);
  if (text.charCodeAt(start) !== OPEN_OBJECT) return MALFORMED;
  let at = skipBlanks(text, start + 1);
  if (text.charCodeAt(at) === CLOSE_OBJECT) return at + 1;
  for (let place = 0; ; place++) {
    const end = readMember(state, text, at, place);
    if (end === MALFORMED) return MALFORMED;
    at = skipBlanks(text, end);
    const code = text.charCodeAt(at);
    if (code === CLOSE_OBJECT) return at + 1;
    if (code !== COMMA) return MALFORMED;
    at = skipBlanks(text, at + 1);
  }
}

/** Takes one `"key": value` and gives the offset behind the value. */
function readMember(state: KeyedState, text: string, at: number, place: number): number {
  const last = state.lastKeys[place];
  const key = last !== undefined && text.startsWith(last.written, at) ? last : readKey(state, text, at);
  if (key === undefined) return MALFORMED;
  if (key !== last && place < MOST_LAST_KEYS) state.lastKeys[place] = key;
  const start = skipBlanks(text, at + key.written.length);
  const end = skipValue(text, start);
  if (end === MALFORMED || key.column === undefined || state.fields[key.column] !== undefined) return end;
  return take(state, key.column, text, start, end) ? end : MALFORMED;
}

function readKey({ index }: KeyedState, text: string, at: number): WrittenKey | undefined {
  const start = skipKey(text, at);
  const key = start === MALFORMED ? undefined : stringMeaning(text, at, text.lastIndexOf('"', start - 1) + 1);
  return key === undefined ? undefined : { written: text.slice(at, start), column: index.get(key) };
}

function readPaths(state: State, paths: readonly JsonPath[], text: string, start: number): number {
  restart(state);
  const end = skipValue(text, start);
  if (end === MALFORMED) return MALFORMED;
  for (let index = 0; index < state.fields.length; index++) {
    const path = paths[index];
    const span = path && findPath(text, start, path);
    if (span && !take(state, index, text, span.start, span.end)) return MALFORMED;
  }
  return end;
}

/** @returns false when the value is a text that UTF-8 cannot hold. */
function take(state: State, column: number, text: string, start: number, end: number): boolean {
  const value = fieldText(text, start, end);
  if (value === undefined) return false;
  const isText = text.charCodeAt(start) === QUOTE;
  state.fields[column] = state.roundsDecimals && value !== null && !isText && DECIMAL.test(value) ? String(Number(value)) : value;
  state.matched++;
  // A text without escapes is as long as what it means, give or take its quotes.
  if (value !== null && isText && value.length !== end - start - 2) state.escaped = true;
  return true;
}
