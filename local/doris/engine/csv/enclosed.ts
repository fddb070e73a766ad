import type { CsvOptions } from './options.ts';

/**
 * Fields that start with the enclosing character run to the next one that a separator follows at once; one that anything else follows
 * ends the enclosure but not the field, which then runs to the next separator (test_csv_with_enclose_and_escape).
 */
interface EnclosedField {
  readonly text: string;
  /** The offset of the separator or line end behind the field, or the length of the text. */
  readonly end: number;
}

/** Where the line that starts at `start` ends: the offset of its delimiter, or -1. */
export function enclosedLineEnd(text: string, start: number, options: CsvOptions): number {
  let at = start;
  for (;;) {
    const { end } = fieldAt(text, at, options);
    if (end >= text.length) return -1;
    if (text.startsWith(options.lineDelimiter, end)) return end;
    at = end + options.separator.length;
  }
}

/** The fields of one line, escapes undone, enclosing characters kept. */
export function splitEnclosed(line: string, options: CsvOptions): readonly string[] {
  const texts: string[] = [];
  let at = 0;
  for (;;) {
    const field = fieldAt(line, at, options);
    texts.push(field.text);
    if (field.end >= line.length) return texts;
    at = field.end + options.separator.length;
    if (at >= line.length) return [...texts, ''];
  }
}

function fieldAt(text: string, start: number, options: CsvOptions): EnclosedField {
  if (!options.enclose || text.charAt(start) !== options.enclose) return plainField(text, start, start, options);
  const close = closingAt(text, start + 1, options);
  if (close < 0) return { text: unescaped(text.slice(start), options), end: text.length };
  return plainField(text, start, close + 1, options);
}

/** The field runs from `start` to the first separator or line end at or after `from`. */
function plainField(
  text: string,
  start: number,
  from: number,
  { separator, lineDelimiter, enclose, escapeMark }: CsvOptions,
): EnclosedField {
  const ends = [text.indexOf(separator, from), text.indexOf(lineDelimiter, from)].filter((end) => end >= 0);
  const end = ends.length > 0 ? Math.min(...ends) : text.length;
  const raw = text.slice(start, end);
  const enclosed = from > start;
  return { text: enclosed ? unescaped(raw, { enclose, escapeMark }) : raw, end };
}

function closingAt(text: string, from: number, { enclose = '', escapeMark }: CsvOptions): number {
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === escapeMark) at++;
    else if (char === enclose) return at;
  }
  return -1;
}

function unescaped(
  text: string,
  { enclose = '', escapeMark }: { readonly enclose?: string | undefined; readonly escapeMark?: string | undefined },
): string {
  return escapeMark ? text.replaceAll(escapeMark + enclose, enclose) : text;
}
