import { setTimeout as sleep } from 'node:timers/promises';
import { onePerRecord, type ReadLetter } from '../demo/dead-letters.ts';
import type { DorisStandIn } from '../doris/run.ts';
import { poisonOf, TABLE } from './records.ts';

/** What became of every record. */
export interface Count {
  readonly sent: number;
  /** Numbers of records that are neither in the table nor among the letters. */
  readonly lost: readonly number[];
  /** Numbers of records that are in the table more than once, or in the table and among the letters. */
  readonly doubled: readonly number[];
  /** Records that are where they do not belong, or whose letter has another reason; a sentence each. */
  readonly wrong: readonly string[];
  readonly stored: number;
  /** Records with a letter. */
  readonly deadLettered: number;
}

/** Doris answers a query with 1000 rows at most unless it is asked for more. */
const PAGE = 1000;
const VISIBLE_WITHIN_MS = 30_000;

/** How often each record is in the table, once what Doris has committed is visible; a row that never shows up is waited for in vain. */
export async function rowsOf(doris: Pick<DorisStandIn, 'query'>, database: string, sent: number): Promise<ReadonlyMap<number, number>> {
  const end = performance.now() + VISIBLE_WITHIN_MS;
  for (;;) {
    const rows = new Map<number, number>();
    for (let from = 0; from < sent; from += PAGE) {
      const sql = `SELECT id, COUNT(*) FROM ${TABLE} WHERE id >= ${from} AND id < ${from + PAGE} GROUP BY id`;
      for (const [id, count] of (await doris.query(sql, database)).rows) rows.set(Number(id), Number(count));
    }
    if (isWhole(rows, sent) || performance.now() > end) return rows;
    await sleep(100);
  }
}

function isWhole(rows: ReadonlyMap<number, number>, sent: number): boolean {
  for (let id = 0; id < sent; id++) if (poisonOf(id) === undefined && !rows.has(id)) return false;
  return true;
}

/** Holds the rows and letters against what was sent: the records 0 to `sent` - 1. A letter may be there twice. */
export function countRecords(sent: number, rows: ReadonlyMap<number, number>, letters: readonly ReadLetter[]): Count {
  const lettersById = new Map(onePerRecord(letters).map((letter) => [Number(letter.partitionKey), letter]));
  const ids = Array.from({ length: sent }, (_, id) => id);
  const places = (id: number): number => (rows.get(id) ?? 0) + Number(lettersById.has(id));
  const strangers = [...rows.keys(), ...lettersById.keys()].filter((id) => !(id >= 0 && id < sent));
  return {
    sent,
    lost: ids.filter((id) => places(id) === 0),
    doubled: ids.filter((id) => places(id) > 1),
    wrong: [
      ...ids.flatMap((id) => misplaced(id, lettersById.get(id), rows.has(id)) ?? []),
      ...strangers.map((id) => `record ${id} was never sent`),
    ],
    stored: [...rows.values()].reduce((sum, count) => sum + count, 0),
    deadLettered: lettersById.size,
  };
}

function misplaced(id: number, letter: ReadLetter | undefined, isStored: boolean): string | undefined {
  const expected = poisonOf(id);
  if (expected === undefined)
    return letter === undefined ? undefined : `good record ${id} is a dead letter: ${letter.errorClass}, ${letter.reason}`;
  if (isStored) return `poison record ${id} is in the table`;
  if (letter === undefined || (letter.errorClass === expected.errorClass && letter.reason.includes(expected.reason))) return undefined;
  return `the letter of record ${id} says ${letter.errorClass}, ${letter.reason} instead of ${expected.errorClass}, ..${expected.reason}..`;
}
