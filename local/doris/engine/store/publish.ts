import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column, TableDefinition } from '../table/definition.ts';
import { storageType } from '../table/types.ts';
import { quoteName } from './identifier.ts';
import { keepSequences, type Sequence, sequenceOf } from './sequences.ts';
import { keyList, sameKey, storedTable } from './stored-table.ts';

/**
 * Moves the staged rows into the table by its key model. The caller holds the transaction.
 * @param rows - the query of {@link Stage.rows}.
 * @param sequence - the column that fills the hidden sequence column of the table, when it has one.
 */
export async function mergeStaged(connection: DuckDBConnection, table: TableDefinition, rows: string, sequence?: Column): Promise<void> {
  switch (table.keysType) {
    case 'DUP_KEYS':
      await connection.run(`INSERT INTO ${storedTable(table)} SELECT * FROM ${rows}`);
      return;
    case 'UNIQUE_KEYS':
      await replaceByKey(connection, table, rows, winners(table, sequenceOf(table, sequence)));
      return;
    case 'AGG_KEYS':
      await replaceByKey(connection, table, rows, aggregated(table));
      return;
    default:
      table.keysType satisfies never;
  }
}

const FRESH = 'temp.main.fresh_rows';
const MERGED = 'temp.main.merged_rows';

/** New rows are worked out first, then every stored row of a staged key makes room for them. */
async function replaceByKey(connection: DuckDBConnection, table: TableDefinition, rows: string, newRows: string): Promise<void> {
  await connection.run(`CREATE TEMP TABLE fresh_rows AS SELECT *, row_number() OVER () AS "doris place" FROM ${rows}`);
  await connection.run(`CREATE TEMP TABLE merged_rows AS ${newRows}`);
  await connection.run(
    `DELETE FROM ${storedTable(table)} AS stored USING (SELECT DISTINCT ${keyList(table)} FROM ${FRESH}) AS fresh WHERE ${sameKey(table, 'stored', 'fresh')}`,
  );
  await connection.run(`INSERT INTO ${storedTable(table)} SELECT ${columnList(table)} FROM ${MERGED}`);
  await keepSequences(connection, table, MERGED);
  await connection.run(`DROP TABLE ${FRESH}`);
  await connection.run(`DROP TABLE ${MERGED}`);
}

/**
 * All rows of the staged keys, stored ones as generation 0 and staged ones as generation 1, each with its place and, for a sequence, the
 * value of it.
 */
function candidates(table: TableDefinition, sequence?: Sequence): string {
  const columns = columnList(table);
  const [ofStored, ofFresh] = sequence ? [`, ${sequence.stored} AS "doris sequence"`, `, ${sequence.fresh}`] : ['', ''];
  return `(SELECT ${columns}, 0 AS "doris generation", rowid AS "doris place"${ofStored} FROM ${storedTable(table)} AS stored
      WHERE EXISTS (SELECT 1 FROM ${FRESH} AS fresh WHERE ${sameKey(table, 'stored', 'fresh')})
    UNION ALL SELECT ${columns}, 1, "doris place"${ofFresh} FROM ${FRESH})`;
}

const LATEST = '"doris generation" DESC, "doris place" DESC';

/** UNIQUE KEY: the last write of a key wins; with a sequence column the highest sequence, and the last of equals. */
function winners(table: TableDefinition, sequence: Sequence | undefined): string {
  const latest = (order: string) => `QUALIFY row_number() OVER (PARTITION BY ${keyList(table)} ORDER BY ${order}) = 1`;
  if (!sequence) return `SELECT ${columnList(table)} FROM ${FRESH} ${latest('"doris place" DESC')}`;
  return `SELECT ${columnList(table)}, "doris sequence" FROM ${candidates(table, sequence)} ${latest(`"doris sequence" DESC NULLS LAST, ${LATEST}`)}`;
}

function aggregated(table: TableDefinition): string {
  const columns = table.columns.map((column) => (column.key ? quoteName(column.name) : aggregate(column)));
  return `SELECT ${columns.join(', ')} FROM ${candidates(table)} GROUP BY ${keyList(table)}`;
}

function aggregate({ name, aggregation, type }: Column): string {
  const column = quoteName(name);
  const latest = (filter: string) => `first(${column} ORDER BY ${LATEST})${filter}`;
  const value =
    aggregation === 'REPLACE_IF_NOT_NULL' ? latest(` FILTER (${column} IS NOT NULL)`) : (COMBINED.get(aggregation)?.(column) ?? latest(''));
  return `CAST(${value} AS ${storageType(type)}) AS ${column}`;
}

const COMBINED: ReadonlyMap<string, (column: string) => string> = new Map([
  ['SUM', (column) => `sum(${column})`],
  ['MAX', (column) => `max(${column})`],
  ['MIN', (column) => `min(${column})`],
]);

function columnList(table: TableDefinition): string {
  return table.columns.map(({ name }) => quoteName(name)).join(', ');
}
