import type { Column, TableDefinition } from '../doris/engine/table/definition.ts';
import type { DorisStandIn } from '../doris/run.ts';
import type { OutgoingRecord } from './data-set.ts';
import { DATABASE } from './stack.ts';

/** How a table differs from what must be in it. */
export interface Difference {
  readonly distinct: number;
  readonly lost: number;
  readonly duplicated: number;
}

/** Holds what the function should have made of the lines, loaded past it. */
const EXPECTED = 'expected';
const MOST_BYTES = 32 * 1024 * 1024;

/**
 * Own data has no key to count by. So the same lines are loaded once more, past the function, into a second table of the same kind, and
 * both are compared row by row with their counts: a lost row and a doubled one are two differences.
 */
export async function compareWithSource(
  doris: DorisStandIn,
  { definition, createTable }: { readonly definition: TableDefinition; readonly createTable: string },
  lines: AsyncIterable<OutgoingRecord>,
): Promise<Difference> {
  await doris.query(`CREATE DATABASE ${EXPECTED}`);
  await doris.query(createTable, EXPECTED);
  let part = 0;
  for await (const body of inBodies(lines)) await load(doris, definition.name.table, body, `part-${++part}`);
  return difference(doris, definition);
}

async function* inBodies(lines: AsyncIterable<OutgoingRecord>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const { data } of lines) {
    parts.push(data, Buffer.from('\n'));
    size += data.length + 1;
    if (size < MOST_BYTES) continue;
    yield Buffer.concat(parts);
    parts = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(parts);
}

async function load({ beUrls: [backend = ''], user, password }: DorisStandIn, table: string, body: Buffer, label: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const response = await fetch(`${backend}/api/${EXPECTED}/${encodeURIComponent(table)}/_stream_load`, {
    method: 'PUT',
    headers: { authorization, label, format: 'json', read_json_by_line: 'true', strict_mode: 'true', max_filter_ratio: '1' },
    body,
  });
  const { Status, Message } = (await response.json()) as { readonly Status: string; readonly Message: string };
  if (Status !== 'Success') throw new Error(`the lines could not be loaded past the function, to compare: ${Status}: ${Message}`);
}

async function difference(doris: DorisStandIn, { name: { table }, ...definition }: TableDefinition): Promise<Difference> {
  const columns = comparable(definition).map(({ name }, index) => ({ name: `\`${name}\``, alias: `column_${index}` }));
  const names = columns.map(({ name }) => name).join(', ');
  const aliases = columns.map(({ alias }) => alias).join(', ');
  const aliased = columns.map(({ name, alias }) => `${name} AS ${alias}`).join(', ');
  const rows = (database: string, times: number): string => `SELECT ${aliased}, ${times} AS times FROM ${database}.\`${table}\``;
  const counted = `SELECT SUM(times) AS excess FROM (${rows(DATABASE, 1)} UNION ALL ${rows(EXPECTED, -1)}) AS both_tables GROUP BY ${aliases}`;
  const sums = ['<', '>'].map((sign) => `SUM(CASE WHEN excess ${sign} 0 THEN excess ELSE 0 END)`);
  const [lost, duplicated] = await firstRow(doris, `SELECT ${sums.join(', ')} FROM (${counted}) AS counts`);
  const distinctRows = `SELECT ${names} FROM ${DATABASE}.\`${table}\` GROUP BY ${names}`;
  const [distinct] = await firstRow(doris, `SELECT COUNT(*) FROM (${distinctRows}) AS one_of_each`);
  return { distinct: Number(distinct), lost: Math.abs(Number(lost)), duplicated: Number(duplicated) };
}

async function firstRow(doris: DorisStandIn, sql: string): Promise<readonly unknown[]> {
  return (await doris.query(sql, DATABASE)).rows[0] ?? [];
}

/** Which of several rows with one key stays depends on the order of arrival: there only the keys are compared, and what adds up. */
function comparable({ keysType, columns }: Pick<TableDefinition, 'keysType' | 'columns'>): readonly Column[] {
  switch (keysType) {
    case 'DUP_KEYS':
      return columns.filter(({ default: standard }) => standard?.kind !== 'current-timestamp' && standard?.kind !== 'current-date');
    case 'UNIQUE_KEYS':
      return columns.filter(({ key }) => key);
    case 'AGG_KEYS':
      return columns.filter(({ key, aggregation, type }) => key || (['SUM', 'MIN', 'MAX'].includes(aggregation) && type.kind !== 'float'));
    default:
      return keysType satisfies never;
  }
}
