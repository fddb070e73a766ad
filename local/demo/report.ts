import type { DorisStandIn } from '../doris/run.ts';
import type { DataSet } from './data-set.ts';
import { onePerRecord, type ReadLetter } from './dead-letters.ts';
import type { PoisonRecord } from './poison.ts';
import { DATABASE } from './stack.ts';

/** One table, as queries against it tell. */
interface TableResult {
  readonly name: string;
  readonly sent: number;
  readonly loaded: number;
  readonly distinct: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly deadLettered: number;
  /** Checks of the content that do not hold. */
  readonly wrong: readonly string[];
}

/** What became of everything that was sent. */
export interface Result {
  readonly tables: readonly TableResult[];
  /** Poison records by what their letters say: kind, class, reason, how many. */
  readonly poison: readonly {
    readonly kind: string;
    readonly errorClass: string;
    readonly reason: string;
    readonly letters: number;
    readonly expected: number;
  }[];
  readonly faults: readonly string[];
}

async function single(doris: DorisStandIn, sql: string): Promise<string> {
  const { rows } = await doris.query(sql, DATABASE);
  return String(rows[0]?.[0]);
}

/** Asks the tables and compares them with what was sent. `letters` may hold a letter twice. */
export async function examine(
  doris: DorisStandIn,
  sent: readonly { readonly dataSet: DataSet; readonly count: number }[],
  poison: readonly PoisonRecord[],
  letters: readonly ReadLetter[],
): Promise<Result> {
  const distinct = onePerRecord(letters);
  const ofPoison = distinct.filter(({ partitionKey }) => partitionKey.startsWith('poison/'));
  const others = distinct.filter((letter) => !ofPoison.includes(letter));
  const tables = await Promise.all(sent.map(({ dataSet, count }) => examineTable(doris, dataSet, count, others)));
  const kinds = [...new Set(poison.map(({ kind }) => kind))].map((kind) => judgePoison(kind, poison, ofPoison));
  return {
    tables,
    poison: kinds.map(({ row }) => row),
    faults: [...tables.flatMap(faultsOf), ...kinds.flatMap(({ faults }) => faults)],
  };
}

async function examineTable(
  doris: DorisStandIn,
  { name, table, key, checks }: DataSet,
  sent: number,
  letters: readonly ReadLetter[],
): Promise<TableResult> {
  const loaded = Number(await single(doris, `SELECT COUNT(*) FROM ${table}`));
  const distinct = key === undefined ? loaded : Number(await single(doris, `SELECT COUNT(DISTINCT \`${key}\`) FROM ${table}`));
  const deadLettered = letters.filter(({ target }) => target === `${DATABASE}.${table}`).length;
  const wrong: string[] = [];
  for (const { what, sql, expected } of await checks()) {
    const found = await single(doris, sql);
    if (found !== expected) wrong.push(`${what}: ${found} in the table, ${expected} in the source`);
  }
  const duplicated = key === undefined ? Math.max(0, loaded + deadLettered - sent) : loaded - distinct;
  return { name, sent, loaded, distinct, deadLettered, lost: Math.max(0, sent - deadLettered - distinct), duplicated, wrong };
}

function faultsOf({ name, lost, duplicated, wrong }: TableResult): string[] {
  return [
    ...(lost > 0 ? [`${name}: ${lost} rows are lost`] : []),
    ...(duplicated > 0 ? [`${name}: ${duplicated} rows are there more than once`] : []),
    ...wrong.map((text) => `${name}: ${text}`),
  ];
}

function judgePoison(kind: PoisonRecord['kind'], poison: readonly PoisonRecord[], letters: readonly ReadLetter[]) {
  const expected = poison.filter((record) => record.kind === kind).length;
  const mine = letters.filter(({ partitionKey }) => partitionKey.startsWith(`poison/${kind.name}/`));
  const right = mine.filter(({ errorClass, reason }) => errorClass === kind.errorClass && reason.includes(kind.reason));
  const example = mine[0] ?? { errorClass: 'none', reason: 'no letter' };
  return {
    row: { kind: kind.name, errorClass: example.errorClass, reason: example.reason, letters: mine.length, expected },
    faults:
      right.length === expected && mine.length === expected
        ? []
        : [
            `poison "${kind.name}": ${right.length} of ${expected} letters with class ${kind.errorClass} and a reason with "${kind.reason}"`,
          ],
  };
}
