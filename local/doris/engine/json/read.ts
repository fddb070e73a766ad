import type { Pause } from '../load/pause.ts';
import { lineOf, type TextPiece, textPieces } from '../load/pieces.ts';
import type { LoadPlan } from '../load/plan.ts';
import type { RowSink } from '../load/sink.ts';
import { keyedReader, type ObjectReader, pathReader } from './object.ts';
import type { JsonOptions } from './options.ts';
import { findPath } from './path.ts';
import { MALFORMED, skipBlanks, skipValue } from './scan.ts';

/** Set when the load fails whatever its tolerance. */
export type Fatal = { readonly code: string; readonly message: string } | undefined;

/** simdjson's numbers and words for what can be wrong with a document. */
const TAPE_ERROR =
  'code: 3, error info: The JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc.';
const UTF8_ERROR = 'code: 10, error info: The input is not valid UTF-8';
const NEEDS_STRIP = 'JSON data is array-object, `strip_outer_array` must be TRUE.';
const NEEDS_NO_STRIP = 'JSON data is not an array-object, `strip_outer_array` must be FALSE.';
const SEVERAL_OBJECTS: Fatal = { code: 'DATA_QUALITY_ERROR', message: 'Multiple JSON objects in a single line' };

const BOM = 0xfeff;

/** What reading a body needs besides the body and its plan. */
export interface Tools {
  readonly sink: RowSink;
  readonly pause: Pause;
}

/** Reads a JSON body by its mode (reference 9.1 to 9.6). */
export async function readJson(
  body: Buffer,
  plan: LoadPlan,
  options: JsonOptions,
  tools: Tools,
): Promise<Fatal> {
  const { sources } = plan.mapping;
  const reader = options.paths ? pathReader(sources, options.paths) : keyedReader(sources);
  const read = documentReader(options, sources, { reader, ...tools });
  const { sink } = tools;
  const delimiter = options.byLine ? options.lineDelimiter : undefined;
  for (const piece of textPieces(body, delimiter)) {
    if (piece.kind === 'not-utf8') sink.reject(`Parse json data for JsonDoc failed. ${UTF8_ERROR}`, piece.shown);
    else {
      const fatal = await readPiece(piece, delimiter, read, tools);
      if (fatal) return fatal;
    }
    if (sink.stopped()) return undefined;
  }
  return undefined;
}

type ReadDocument = (text: string) => Fatal | Promise<Fatal>;

async function readPiece(piece: TextPiece, delimiter: string | undefined, read: ReadDocument, { sink, pause }: Tools): Promise<Fatal> {
  const { text } = piece;
  let at = 0;
  while (at < text.length) {
    const found = delimiter === undefined ? -1 : text.indexOf(delimiter, at);
    const end = found < 0 ? text.length : found;
    const outcome = read(lineOf(piece, at, end));
    const fatal = outcome instanceof Promise ? await outcome : outcome;
    if (fatal !== undefined || sink.stopped()) return fatal;
    at = end + (delimiter?.length ?? 1);
    if (pause.due()) await pause.take();
  }
  return undefined;
}

interface Reading extends Tools {
  readonly reader: ObjectReader;
}

/** Makes the function that turns one document (a line, or the whole body) into rows. */
function documentReader(options: JsonOptions, sources: readonly string[], reading: Reading): ReadDocument {
  const { reader, sink } = reading;
  const noMatch = `There is no column matching jsonpaths in the json file, columns:[${sources.map((name) => `${name}, `).join('')}], please check columns and jsonpaths:${options.pathsText}`;
  const acceptObject = (document: string, from: number, to: number) => {
    if (to === MALFORMED) malformed(document);
    else if (reader.matched() === 0) sink.reject(noMatch, document.slice(from, to));
    else sink.accept(reader.fields, reader.escaped());
  };
  const malformed = (document: string) => sink.reject(`Parse json data failed. ${TAPE_ERROR}`, document);
  const rows: Rows = { options, reading, acceptObject, malformed };
  const direct = !options.stripOuterArray && !options.root;
  return (line) => {
    const document = line.charCodeAt(0) === BOM ? line.slice(1) : line;
    const start = skipBlanks(document, 0);
    if (start >= document.length) return undefined;
    if (!direct || document.charAt(start) !== '{') return readOther(document, start, rows);
    const end = reader.read(document, start);
    if (end === MALFORMED) malformed(document);
    else if (skipBlanks(document, end) === document.length) acceptObject(document, start, end);
    else return trailing(document, end, rows);
    return undefined;
  };
}

interface Rows {
  readonly options: JsonOptions;
  readonly reading: Reading;
  readonly acceptObject: (document: string, from: number, to: number) => void;
  readonly malformed: (document: string) => void;
}

/** Something behind a complete document: a second one fails the load, anything else makes the line malformed. */
function trailing(document: string, end: number, { options, malformed }: Rows): Fatal {
  const next = skipBlanks(document, document.charAt(skipBlanks(document, end)) === ',' ? skipBlanks(document, end) + 1 : end);
  if (options.byLine && document.charAt(next) === '{' && skipValue(document, next) !== MALFORMED) return SEVERAL_OBJECTS;
  malformed(document);
  return undefined;
}

/** Documents that are no plain object: arrays, roots, and what is neither. The whole of it is checked before a row is taken. */
function readOther(document: string, start: number, rows: Rows): Fatal | Promise<Fatal> {
  const { options, reading, malformed } = rows;
  const end = skipValue(document, start);
  if (end === MALFORMED) malformed(document);
  else if (skipBlanks(document, end) !== document.length) return trailing(document, end, rows);
  else if (document.charAt(start) !== '{' && document.charAt(start) !== '[')
    reading.sink.reject('Not an json object or json array', document);
  else {
    const root = options.root && document.charAt(start) === '{' ? findPath(document, start, options.root)?.start : start;
    if (root === undefined) reading.sink.reject('JSON Root not found.', document);
    else return readValue(document, root, rows);
  }
  return undefined;
}

function readValue(document: string, at: number, rows: Rows): Fatal | Promise<Fatal> {
  const { options, reading, acceptObject } = rows;
  const isArray = document.charAt(at) === '[';
  if (isArray !== options.stripOuterArray) reading.sink.reject(isArray ? NEEDS_STRIP : NEEDS_NO_STRIP, document);
  else if (isArray) return readArray(document, at, rows);
  else if (document.charAt(at) !== '{') reading.sink.reject('Not object item', '');
  else acceptObject(document, at, reading.reader.read(document, at));
  return undefined;
}

/** An element that is no object destroys the array as a syntax error does (reference 9.3). */
async function readArray(document: string, start: number, rows: Rows): Promise<Fatal> {
  const { options, reading, malformed, acceptObject } = rows;
  const elements = await elementStarts(document, start, reading);
  if (elements === undefined) malformed(document);
  else if (elements.length === 0 && !options.paths) reading.sink.reject('Empty json line', '');
  const rootOfElements = options.paths && document.trimStart().startsWith('[') ? options.root : undefined;
  for (const element of elements ?? []) {
    const at = rootOfElements ? findPath(document, element, rootOfElements)?.start : element;
    if (at === undefined) reading.sink.reject('JSON Root not found.', '');
    else if (document.charAt(at) !== '{') reading.sink.reject('Not object item', '');
    else acceptObject(document, at, reading.reader.read(document, at));
    if (reading.sink.stopped()) return undefined;
    if (reading.pause.due()) await reading.pause.take();
  }
  return undefined;
}

/** Where the elements of a checked array start; `undefined` when one of them is no object or cannot be read. */
async function elementStarts(document: string, start: number, { reader, pause }: Reading): Promise<readonly number[] | undefined> {
  const starts: number[] = [];
  let at = skipBlanks(document, start + 1);
  while (document.charAt(at) !== ']') {
    if (document.charAt(at) !== '{') return undefined;
    starts.push(at);
    const end = reader.read(document, at);
    if (end === MALFORMED) return undefined;
    at = skipBlanks(document, end);
    if (document.charAt(at) === ',') at = skipBlanks(document, at + 1);
    if (pause.due()) await pause.take();
  }
  return starts;
}
