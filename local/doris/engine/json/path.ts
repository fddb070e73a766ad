import { MALFORMED, skipBlanks, skipKey, skipString, skipValue, stringMeaning } from './scan.ts';

/** The steps of `$.a."b.c"[2]`; none for the document itself. */
export type JsonPath = readonly (string | number)[];

/** A value inside a text: where it starts and where it ends. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const STEP = /\.(?:"([^"]*)"|([^.[\]"]+))|\[(\d+)\]/y;

/** Reads a path; `undefined` when it is none. `$` and `$.` both mean the whole document. */
export function parseJsonPath(path: string): JsonPath | undefined {
  if (!path.startsWith('$')) return undefined;
  if (path === '$' || path === '$.') return [];
  const steps: (string | number)[] = [];
  let at = 1;
  while (at < path.length) {
    STEP.lastIndex = at;
    const step = STEP.exec(path);
    if (!step) return undefined;
    steps.push(step[3] === undefined ? (step[1] ?? step[2] ?? '') : Number(step[3]));
    at = STEP.lastIndex;
  }
  return steps;
}

/** Finds the value at a path below the value at `start`; the text has been checked. The first of equal keys counts. */
export function findPath(text: string, start: number, path: JsonPath): Span | undefined {
  let at: number | undefined = start;
  for (const step of path) {
    if (at === undefined) return undefined;
    // A path that runs through null ends in that null (test_json_load.case31_path_through_null).
    if (text.startsWith('null', at)) break;
    at = typeof step === 'string' ? findKey(text, at, step) : findElement(text, at, step);
  }
  return at === undefined ? undefined : { start: at, end: skipValue(text, at) };
}

function findKey(text: string, start: number, key: string): number | undefined {
  if (text.charAt(start) !== '{') return undefined;
  let at = skipBlanks(text, start + 1);
  while (text.charAt(at) === '"') {
    const value = skipKey(text, at);
    if (value === MALFORMED) return undefined;
    if (stringMeaning(text, at, skipString(text, at)) === key) return value;
    at = nextItem(text, value);
  }
  return undefined;
}

function findElement(text: string, start: number, index: number): number | undefined {
  if (text.charAt(start) !== '[') return undefined;
  let at = skipBlanks(text, start + 1);
  for (let skipped = 0; text.charAt(at) !== ']'; skipped++) {
    if (skipped === index) return at;
    const next = nextItem(text, at);
    if (text.charAt(next) === ']' || next >= text.length) return undefined;
    at = next;
  }
  return undefined;
}

/** Behind the value at `at` and the comma after it; at the closing bracket when there is no comma. */
function nextItem(text: string, at: number): number {
  const end = skipBlanks(text, skipValue(text, at));
  return text.charAt(end) === ',' ? skipBlanks(text, end + 1) : end;
}
