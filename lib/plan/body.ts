import type { Row } from '../source/record.ts';

const LINE_FEED = 0x0a;

/**
 * Rows as they go over the wire, each with its line end: the same rows always make the same bytes. Where they lie one behind the other
 * already, they are not copied.
 */
export function bodyOf(rows: readonly Row[]): Buffer {
  return asTheyLie(rows) ?? copied(rows);
}

/** Length of the body that rows make. */
export function bodyBytes(rows: readonly Row[]): number {
  return rows.reduce((sum, { line }) => sum + line.length + 1, 0);
}

function asTheyLie(rows: readonly Row[]): Buffer | undefined {
  const [first] = rows;
  if (first === undefined) return undefined;
  const { buffer, byteOffset } = first.line;
  let end = byteOffset;
  for (const { line, isTerminated } of rows) {
    if (isTerminated !== true || line.byteOffset !== end || line.buffer !== buffer) return undefined;
    end += line.length + 1;
  }
  return Buffer.from(buffer, byteOffset, end - byteOffset);
}

function copied(rows: readonly Row[]): Buffer {
  const body = Buffer.allocUnsafeSlow(bodyBytes(rows));
  let at = 0;
  for (const { line } of rows) {
    body.set(line, at);
    at += line.length;
    body[at++] = LINE_FEED;
  }
  return body;
}
