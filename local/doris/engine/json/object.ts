import { findPath, type JsonPath } from './path.ts';
import { MALFORMED, skipBlanks, skipString, skipValue, stringMeaning } from './scan.ts';

/** A field of a row before conversion: its text, NULL, or missing from the row. */
export type Field = string | null | undefined;

/** Reads one object into fields. Fields are written in place: rows are many and short-lived. */
export interface ObjectReader {
  readonly fields: Field[];
  /** How many fields the last object had. */
  readonly matched: () => number;
  /** Reads the object that starts at `at` and gives its end, or `MALFORMED`. */
  read(text: string, at: number): number;
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const LOWER_N = 110;
const LOWER_T = 116;
const LOWER_F = 102;

/**
 * Reads fields by key: exact case, first of equal keys wins, unknown keys are checked and ignored
 * (reference 9.6, 9.7).
 */
export function keyedReader(names: readonly string[]): ObjectReader {
  const index = new Map(names.map((name, at) => [name, at] as const));
  const fields: Field[] = names.map(() => undefined);
  let matched = 0;

  /** Takes one `"key": value` and gives the offset behind the value. */
  const member = (text: string, at: number): number => {
    if (text.charCodeAt(at) !== QUOTE) return MALFORMED;
    const keyEnd = skipString(text, at);
    if (keyEnd === MALFORMED) return MALFORMED;
    const colon = skipBlanks(text, keyEnd);
    if (text.charCodeAt(colon) !== COLON) return MALFORMED;
    const start = skipBlanks(text, colon + 1);
    const end = skipValue(text, start);
    if (end === MALFORMED) return MALFORMED;
    const key = stringMeaning(text, at, keyEnd);
    const column = key === undefined ? undefined : index.get(key);
    if (column === undefined || fields[column] !== undefined) return key === undefined ? MALFORMED : end;
    const value = fieldText(text, start, end);
    if (value === undefined) return MALFORMED;
    fields[column] = value;
    matched++;
    return end;
  };

  const read = (text: string, start: number): number => {
    fields.fill(undefined);
    matched = 0;
    if (text.charCodeAt(start) !== OPEN_OBJECT) return MALFORMED;
    let at = skipBlanks(text, start + 1);
    if (text.charCodeAt(at) === CLOSE_OBJECT) return at + 1;
    for (;;) {
      const end = member(text, at);
      if (end === MALFORMED) return MALFORMED;
      at = skipBlanks(text, end);
      const code = text.charCodeAt(at);
      if (code === CLOSE_OBJECT) return at + 1;
      if (code !== COMMA) return MALFORMED;
      at = skipBlanks(text, at + 1);
    }
  };
  return { fields, matched: () => matched, read };
}

/** Reads fields by path, by position (test_json_load.case14); fields without a path are missing. */
export function pathReader(names: readonly string[], paths: readonly JsonPath[]): ObjectReader {
  const fields: Field[] = names.map(() => undefined);
  let matched = 0;
  const read = (text: string, start: number): number => {
    const end = skipValue(text, start);
    matched = 0;
    if (end === MALFORMED) return MALFORMED;
    for (let index = 0; index < fields.length; index++) {
      const path = paths[index];
      const span = path && findPath(text, start, path);
      const value = span && fieldText(text, span.start, span.end);
      if (span && value === undefined) return MALFORMED;
      fields[index] = value;
      if (span) matched++;
    }
    return end;
  };
  return { fields, matched: () => matched, read };
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
