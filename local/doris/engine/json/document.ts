import type { Pause } from '../load/pause.ts';
import type { RowSink } from '../load/sink.ts';
import type { ObjectReader } from './object.ts';
import type { JsonOptions } from './options.ts';
import { findPath } from './path.ts';
import { MALFORMED, skipBlanks, skipValue } from './scan.ts';

/** Set when the load fails whatever its tolerance. */
export type Fatal = { readonly code: string; readonly message: string } | undefined;

/** What reading a body needs besides the body and its plan. */
export interface Tools {
  readonly sink: RowSink;
  readonly pause: Pause;
  /** See {@link EngineOptions.roundsJsonDecimals}. */
  readonly roundsDecimals: boolean;
}

/** Turns one document (a line, or the whole body) into rows. Only arrays take their time. */
export type ReadDocument = (text: string) => Fatal | Promise<Fatal>;

/** simdjson's number and words for most of what can be wrong with a document. */
const TAPE_ERROR =
  'code: 3, error info: The JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc.';
const NEEDS_STRIP = 'JSON data is array-object, `strip_outer_array` must be TRUE.';
const NEEDS_NO_STRIP = 'JSON data is not an array-object, `strip_outer_array` must be FALSE.';
const SEVERAL_OBJECTS: Fatal = { code: 'DATA_QUALITY_ERROR', message: 'Multiple JSON objects in a single line' };
const BOM = 0xfeff;

interface Rows extends Tools {
  readonly options: JsonOptions;
  readonly reader: ObjectReader;
  readonly malformed: (document: string) => void;
  /** Takes the object that the reader has just read, or rejects it when none of its keys is a field. */
  readonly take: (document: string, from: number, to: number) => void;
}

/** Makes the function that reads documents by the options. `sources` are named in the text for rows without any field. */
export function documentReader(
  options: JsonOptions,
  sources: readonly string[],
  tools: Tools & { readonly reader: ObjectReader },
): ReadDocument {
  const { reader, sink } = tools;
  const names = sources.map((name) => `${name}, `).join('');
  const noMatch = `There is no column matching jsonpaths in the json file, columns:[${names}], please check columns and jsonpaths:${options.pathsText}`;
  const malformed = (document: string) => sink.reject(`Parse json data failed. ${TAPE_ERROR}`, document);
  const take = (document: string, from: number, to: number) => {
    if (to === MALFORMED) malformed(document);
    else if (reader.matched() === 0) sink.reject(noMatch, document.slice(from, to));
    else sink.accept(reader.fields, reader.escaped());
  };
  const rows: Rows = { ...tools, options, malformed, take };
  const plain = !options.stripOuterArray && !options.root;
  return (line) => {
    const document = line.charCodeAt(0) === BOM ? line.slice(1) : line;
    const start = skipBlanks(document, 0);
    if (start >= document.length) return undefined;
    const opening = document.charAt(start);
    if (opening === '[' && options.stripOuterArray) return readArray(document, start, rows);
    return plain && opening === '{' ? readObject(document, start, rows) : readOther(document, start, rows);
  };
}

/** The usual case: one object, checked and read in one pass. */
function readObject(document: string, start: number, rows: Rows): Fatal {
  const end = rows.reader.read(document, start);
  if (end !== MALFORMED && skipBlanks(document, end) !== document.length) return readTrailing(document, end, rows);
  rows.take(document, start, end);
  return undefined;
}

/** Something behind a complete document: a second one fails the load, anything else makes the line malformed. */
function readTrailing(document: string, end: number, { options, malformed }: Rows): Fatal {
  const behind = skipBlanks(document, end);
  const next = document.charAt(behind) === ',' ? skipBlanks(document, behind + 1) : behind;
  if (options.byLine && document.charAt(next) === '{' && skipValue(document, next) !== MALFORMED) return SEVERAL_OBJECTS;
  malformed(document);
  return undefined;
}

/** Documents with a root, and what is neither an object nor an array to strip. All of it is checked before a row is taken. */
function readOther(document: string, start: number, rows: Rows): Fatal | Promise<Fatal> {
  const { options, sink } = rows;
  const end = skipValue(document, start);
  if (end === MALFORMED) rows.malformed(document);
  else if (skipBlanks(document, end) !== document.length) return readTrailing(document, end, rows);
  else if (document.charAt(start) === '[') sink.reject(NEEDS_STRIP, document);
  else if (document.charAt(start) !== '{') sink.reject('Not an json object or json array', document);
  else {
    const root = options.root ? findPath(document, start, options.root)?.start : start;
    if (root !== undefined) return readRoot(document, root, rows);
    sink.reject('JSON Root not found.', document);
  }
  return undefined;
}

function readRoot(document: string, at: number, rows: Rows): Fatal | Promise<Fatal> {
  const { options, sink } = rows;
  const isArray = document.charAt(at) === '[';
  if (isArray !== options.stripOuterArray) sink.reject(isArray ? NEEDS_STRIP : NEEDS_NO_STRIP, document);
  else if (isArray) return takeElements(document, at, undefined, rows);
  else if (document.charAt(at) !== '{') sink.reject('Not object item', '');
  else rows.take(document, at, rows.reader.read(document, at));
  return undefined;
}

/** An array as the whole document. With jsonpaths the root is looked for in each element (test_json_load.case16). */
async function readArray(document: string, start: number, rows: Rows): Promise<Fatal> {
  const { options } = rows;
  return takeElements(document, start, options.paths && options.root ? options.root : undefined, rows);
}

/** The array is checked as a whole first: damage anywhere costs all its rows and counts once (reference 9.3). */
async function takeElements(document: string, start: number, root: JsonOptions['root'] | undefined, rows: Rows): Promise<Fatal> {
  const { options, sink, pause } = rows;
  const elements = await elementStarts(document, start, rows);
  if (elements === undefined) rows.malformed(document);
  else if (elements.length === 0 && !options.paths) sink.reject('Empty json line', '');
  for (const element of elements ?? []) {
    takeElement(document, root ? findPath(document, element, root)?.start : element, rows);
    if (sink.stopped()) return undefined;
    if (pause.due()) await pause.take();
  }
  return undefined;
}

function takeElement(document: string, at: number | undefined, rows: Rows): void {
  if (at === undefined) rows.sink.reject('JSON Root not found.', '');
  else if (document.charAt(at) !== '{') rows.sink.reject('Not object item', '');
  else rows.take(document, at, rows.reader.read(document, at));
}

/**
 * Where the elements of an array start; `undefined` when the array is damaged: an element is no object or cannot be read, or
 * something that is no blank stands behind the array of a document that is nothing else.
 */
async function elementStarts(document: string, start: number, { reader, pause }: Rows): Promise<readonly number[] | undefined> {
  const starts: number[] = [];
  let at = skipBlanks(document, start + 1);
  let mark = document.charAt(at) === ']' ? ']' : ',';
  while (mark === ',') {
    starts.push(at);
    const end = reader.read(document, at);
    at = end === MALFORMED ? document.length : skipBlanks(document, end);
    mark = document.charAt(at);
    if (mark === ',') at = skipBlanks(document, at + 1);
    if (pause.due()) await pause.take();
  }
  return mark === ']' && !isDamagedBehind(document, start, at) ? starts : undefined;
}

function isDamagedBehind(document: string, start: number, closing: number): boolean {
  const isWholeDocument = skipBlanks(document, 0) === start;
  return isWholeDocument && skipBlanks(document, closing + 1) !== document.length;
}
