import type { Row } from '../source/record.ts';
import { lengthOf } from '../source/slice.ts';

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
  return rows.reduce((sum, { line }) => sum + lengthOf(line) + 1, 0);
}

function asTheyLie(rows: readonly Row[]): Buffer | undefined {
  const first = rows[0]?.line;
  const last = rows.at(-1)?.line;
  if (first === undefined || last === undefined || !rows.every(liesBehindBefore)) return undefined;
  return first.memory.subarray(first.start, last.end + 1);
}

function liesBehindBefore({ line, isTerminated }: Row, index: number, rows: readonly Row[]): boolean {
  if (isTerminated !== true) return false;
  const before = rows[index - 1]?.line;
  return before === undefined || (line.memory === before.memory && line.start === before.end + 1);
}

function copied(rows: readonly Row[]): Buffer {
  const body = Buffer.allocUnsafeSlow(bodyBytes(rows));
  let at = 0;
  for (const { line } of rows) {
    at += line.memory.copy(body, at, line.start, line.end);
    body[at++] = LINE_FEED;
  }
  return body;
}
