import { keyColumns, type TableDefinition } from '../table/definition.ts';
import { STORE } from './database.ts';
import { quoteName } from './identifier.ts';

/** The table in the store, ready to stand in a statement. */
export function storedTable({ name }: Pick<TableDefinition, 'name'>): string {
  return `${quoteName(STORE)}.${quoteName(name.database)}.${quoteName(name.table)}`;
}

/** The key columns, for a list of columns. */
export function keyList(table: TableDefinition): string {
  return keyColumns(table)
    .map(({ name }) => quoteName(name))
    .join(', ');
}

/** The condition that rows of two relations have the same key. */
export function sameKey(table: TableDefinition, one: string, other: string): string {
  return keyColumns(table)
    .map(({ name }) => `${one}.${quoteName(name)} IS NOT DISTINCT FROM ${other}.${quoteName(name)}`)
    .join(' AND ');
}
