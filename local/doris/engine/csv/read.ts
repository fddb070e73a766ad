import type { Field } from '../json/object.ts';
import type { Pause } from '../load/pause.ts';
import { textPieces } from '../load/pieces.ts';
import type { LoadPlan } from '../load/plan.ts';
import type { RowSink } from '../load/sink.ts';
import { enclosedLineEnd, splitEnclosed } from './enclosed.ts';
import type { CsvOptions } from './options.ts';

const NOT_UTF8 = 'Unable to display, only support csv data in utf8 codec, please check the data encoding';

/** Reads a CSV body line by line. A line with more or fewer fields than the plan has is a bad row. */
export async function readCsv(
  body: Buffer,
  plan: LoadPlan,
  options: CsvOptions,
  { sink, pause }: { readonly sink: RowSink; readonly pause: Pause },
): Promise<void> {
  const take = lineTaker(options, plan.mapping.sources.length, sink);
  // An enclosed field may hold line ends: the lines are only known while reading, so the body is one piece.
  for (const piece of textPieces(body, options.enclose ? undefined : options.lineDelimiter)) {
    if (piece.kind === 'not-utf8') sink.reject(NOT_UTF8, 'Unable to display');
    else await readLines(piece.text, options, take, { sink, pause });
    if (sink.stopped()) return;
  }
}

async function readLines(
  text: string,
  options: CsvOptions,
  take: (line: string) => void,
  { sink, pause }: { readonly sink: RowSink; readonly pause: Pause },
): Promise<void> {
  let at = 0;
  while (at < text.length && !sink.stopped()) {
    const found = options.enclose ? enclosedLineEnd(text, at, options) : text.indexOf(options.lineDelimiter, at);
    const end = found < 0 ? text.length : found;
    take(text.slice(at, end));
    at = end + options.lineDelimiter.length;
    if (pause.due()) await pause.take();
  }
}

function lineTaker(options: CsvOptions, columns: number, sink: RowSink): (line: string) => void {
  let skip = options.skipLines;
  return (raw) => {
    if (skip > 0) {
      skip--;
      return;
    }
    const line = options.lineDelimiter === '\n' && raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') return;
    const texts = splitLine(line, options);
    if (texts.length === columns)
      sink.accept(
        texts.map((text) => fieldOf(text, options)),
        true,
      );
    else sink.reject(wrongCount(texts, columns, options), line);
  };
}

function splitLine(line: string, options: CsvOptions): readonly string[] {
  const texts = options.enclose ? splitEnclosed(line, options) : line.split(options.separator);
  return options.trimDoubleQuotes ? texts.map((text) => trimmed(text, options.enclose ?? '"')) : texts;
}

function trimmed(text: string, quote: string): string {
  return text.length > 1 && text.startsWith(quote) && text.endsWith(quote) ? text.slice(1, -1) : text;
}

function fieldOf(text: string, { emptyAsNull }: CsvOptions): Field {
  return text === '\\N' || (emptyAsNull && text === '') ? null : text;
}

/** The two blanks around "more than" are Doris's (test_stream_load_error_url.too_many_columns). */
function wrongCount(texts: readonly string[], columns: number, { lineDelimiter, separator }: CsvOptions): string {
  const comparison = texts.length > columns ? 'more than' : 'less than';
  const values = texts.map((text) => `${text}, `).join('');
  return `actual column number in csv file is  ${comparison}  schema column number.actual number: ${texts.length}, schema column number: ${columns}; line delimiter: [${lineDelimiter}], column separator: [${separator}], result values:[${values}]`;
}
