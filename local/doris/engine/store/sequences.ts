import type { DuckDBConnection } from '@duckdb/node-api';
import { type Column, keyColumns, sequenceColumn, sequenceType, type TableDefinition } from '../table/definition.ts';
import { storageType } from '../table/types.ts';
import { quoteName } from './identifier.ts';
import { keyList, sameKey, storedTable } from './stored-table.ts';

/** Where the value is found by which rows of a key are ordered: an expression over a stored row, and one over a staged row. */
export interface Sequence {
  readonly stored: string;
  readonly fresh: string;
}

/**
 * The sequence of a table: of its own column, or of its hidden one. The values of a hidden one lie beside the table under the keys of its
 * rows, where no query finds them; those of rows that were deleted since are never looked at.
 * @param chosen - the column that a load fills the hidden one from.
 */
export function sequenceOf(table: TableDefinition, chosen: Column | undefined): Sequence | undefined {
  const own = sequenceColumn(table);
  if (own) return { stored: quoteName(own.name), fresh: quoteName(own.name) };
  if (!chosen) return undefined;
  return {
    stored: `(SELECT "doris sequence" FROM ${besides(table)} AS beside WHERE ${sameKey(table, 'beside', 'stored')})`,
    fresh: hiddenValue(table, quoteName(chosen.name)),
  };
}

/** Makes room for the hidden sequence of a table that has one. */
export async function createSequences(connection: DuckDBConnection, table: TableDefinition): Promise<void> {
  const type = sequenceType(table);
  if (!type) return;
  const keys = keyColumns(table).map((column) => `${quoteName(column.name)} ${storageType(column.type)}`);
  await connection.run(`CREATE TABLE ${besides(table)} (${keys.join(', ')}, "doris sequence" ${storageType(type)})`);
}

/** Undoes {@link createSequences}. */
export async function dropSequences(connection: DuckDBConnection, table: TableDefinition): Promise<void> {
  await connection.run(`DROP TABLE IF EXISTS ${besides(table)}`);
}

/**
 * Writes down the hidden sequences of the rows that won.
 * @param merged - the rows that were stored, with `doris sequence`.
 */
export async function keepSequences(connection: DuckDBConnection, table: TableDefinition, merged: string): Promise<void> {
  if (!sequenceType(table)) return;
  await connection.run(`DELETE FROM ${besides(table)} AS beside USING ${merged} AS merged WHERE ${sameKey(table, 'beside', 'merged')}`);
  await connection.run(`INSERT INTO ${besides(table)} SELECT ${keyList(table)}, "doris sequence" FROM ${merged}`);
}

function besides({ name }: TableDefinition): string {
  return storedTable({ name: { ...name, table: `${name.table} doris sequence` } });
}

/** A DATETIME of a property has no digits of the second; Doris rounds what it casts to one. */
function hiddenValue(table: TableDefinition, column: string): string {
  const type = sequenceType(table);
  if (type?.kind !== 'datetime') return `CAST(${column} AS ${type ? storageType(type) : 'VARCHAR'})`;
  return `date_trunc('second', CAST(${column} AS TIMESTAMP) + INTERVAL 500 MILLISECOND)`;
}
