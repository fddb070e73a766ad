import type { DorisStandIn } from '../doris/run.ts';
import { compareWithSource, type Difference } from './compare.ts';
import type { DataSet, OutgoingRecord } from './data-set.ts';
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
  /** Rows with one key are one row in such a table. */
  readonly mergesByKey: boolean;
}

/** Lines of somebody's own data that can never load, for the same reason. */
interface DeadLines {
  readonly errorClass: string;
  readonly reason: string;
  readonly lines: number;
  /** Number of the first of them in the file. */
  readonly first: number;
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
  /** Of somebody's own data, most lines first. */
  readonly deadLines: readonly DeadLines[];
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
    deadLines: sent.some(({ dataSet }) => dataSet.definition !== undefined) ? deadLinesOf(others) : [],
    faults: [...tables.flatMap(faultsOf), ...kinds.flatMap(({ faults }) => faults)],
  };
}

async function examineTable(doris: DorisStandIn, dataSet: DataSet, sent: number, letters: readonly ReadLetter[]): Promise<TableResult> {
  const { name, table, definition, checks } = dataSet;
  const loaded = Number(await single(doris, `SELECT COUNT(*) FROM \`${table}\``));
  const mine = letters.filter(({ target }) => target === `${DATABASE}.${table}`);
  const deadLettered = mine.length;
  const counts =
    definition === undefined
      ? await countByKey(doris, dataSet, { loaded, expected: sent - deadLettered })
      : await compareWithSource(doris, { ...dataSet, definition }, without(dataSet.records(), mine));
  const wrong: string[] = [];
  for (const { what, sql, expected } of await checks()) {
    const found = await single(doris, sql);
    if (found !== expected) wrong.push(`${what}: ${found} in the table, ${expected} in the source`);
  }
  return {
    name,
    sent,
    loaded,
    deadLettered,
    ...counts,
    wrong,
    mergesByKey: definition !== undefined && definition.keysType !== 'DUP_KEYS',
  };
}

async function countByKey(
  doris: DorisStandIn,
  { table, key }: DataSet,
  { loaded, expected }: { readonly loaded: number; readonly expected: number },
): Promise<Difference> {
  const distinct = Number(await single(doris, `SELECT COUNT(DISTINCT \`${key}\`) FROM ${table}`));
  return { distinct, lost: Math.max(0, expected - distinct), duplicated: loaded - distinct };
}

async function* without(records: AsyncIterable<OutgoingRecord>, letters: readonly ReadLetter[]): AsyncGenerator<OutgoingRecord> {
  const dead = new Set(letters.map(({ partitionKey }) => partitionKey));
  for await (const record of records) if (!dead.has(record.partitionKey)) yield record;
}

function faultsOf({ name, sent, lost, duplicated, deadLettered, wrong }: TableResult): string[] {
  return [
    ...(lost > 0 ? [`${name}: ${lost} rows are lost`] : []),
    ...(duplicated > 0 ? [`${name}: ${duplicated} rows are there more than once`] : []),
    ...(deadLettered > 0 ? [`${name}: ${deadLettered} of ${sent} records can never load and are dead letters`] : []),
    ...wrong.map((text) => `${name}: ${text}`),
  ];
}

function deadLinesOf(letters: readonly ReadLetter[]): DeadLines[] {
  const kinds = new Map<string, DeadLines>();
  for (const { errorClass, reason, partitionKey } of letters) {
    const kind = `${errorClass} ${reason}`;
    const { lines, first } = kinds.get(kind) ?? { lines: 0, first: Infinity };
    kinds.set(kind, { errorClass, reason, lines: lines + 1, first: Math.min(first, Number(partitionKey)) });
  }
  return [...kinds.values()].sort((a, b) => b.lines - a.lines || a.first - b.first);
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
