import type { Row } from '../source/record.ts';

const LINE_FEED = 0x0a;

/** Rows as they go over the wire, each with its line end: the same rows always make the same bytes. */
export function bodyOf(rows: readonly Row[]): Buffer {
  const body = Buffer.allocUnsafe(bodyBytes(rows));
  let at = 0;
  for (const { line } of rows) {
    body.set(line, at);
    at += line.length;
    body[at++] = LINE_FEED;
  }
  return body;
}

/** Length of the body that rows make. */
export function bodyBytes(rows: readonly Row[]): number {
  return rows.reduce((sum, { line }) => sum + line.length + 1, 0);
}
