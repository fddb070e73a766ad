import { lineOf, type TextPiece, textPieces } from '../load/pieces.ts';
import type { LoadPlan } from '../load/plan.ts';
import { documentReader, type Fatal, type ReadDocument, type Tools } from './document.ts';
import { keyedReader, pathReader } from './object.ts';
import type { JsonOptions } from './options.ts';

const NOT_UTF8 = 'Parse json data for JsonDoc failed. code: 10, error info: The input is not valid UTF-8';

/** Reads a JSON body by its mode (reference 9.1 to 9.6). */
export async function readJson(body: Buffer, plan: LoadPlan, options: JsonOptions, tools: Tools): Promise<Fatal> {
  const { sources } = plan.mapping;
  const { roundsDecimals } = tools;
  const reader = options.paths ? pathReader(sources, options.paths, roundsDecimals) : keyedReader(sources, roundsDecimals);
  const read = documentReader(options, sources, { reader, ...tools });
  const delimiter = options.byLine ? options.lineDelimiter : undefined;
  for (const piece of textPieces(body, delimiter)) {
    if (piece.kind === 'not-utf8') tools.sink.reject(NOT_UTF8, piece.shown);
    const fatal = piece.kind === 'text' ? await readPiece(piece, delimiter, read, tools) : undefined;
    if (fatal || tools.sink.stopped()) return fatal;
  }
  return undefined;
}

async function readPiece(piece: TextPiece, delimiter: string | undefined, read: ReadDocument, { sink, pause }: Tools): Promise<Fatal> {
  const { length } = piece.text;
  for (let at = 0; at < length; ) {
    const end = lineEnd(piece.text, delimiter, at);
    const outcome = read(lineOf(piece, at, end));
    const fatal = outcome instanceof Promise ? await outcome : outcome;
    if (fatal !== undefined || sink.stopped()) return fatal;
    at = end + (delimiter?.length ?? 1);
    if (pause.due()) await pause.take();
  }
  return undefined;
}

function lineEnd(text: string, delimiter: string | undefined, at: number): number {
  const found = delimiter === undefined ? -1 : text.indexOf(delimiter, at);
  return found < 0 ? text.length : found;
}
