import { SqlError } from '../../engine.ts';
import type { Catalog } from '../store/catalog.ts';
import type { Database } from '../store/database.ts';
import type { TableDefinition } from '../table/definition.ts';
import { readTableName } from './create-table.ts';
import type { Cursor } from './cursor.ts';

/** What statements work on. */
export interface SqlContext {
  readonly catalog: Catalog;
  readonly database: Database;
}

/** One statement on its way: the text, the cursor behind its first words, the database it runs in. */
export interface Statement extends SqlContext {
  readonly cursor: Cursor;
  readonly text: string;
  readonly current: string;
}

/**
 * Takes a table name from the cursor and finds the table.
 * @throws {SqlError} when there is no such table.
 */
export function tableNamed({ cursor, catalog, current }: Statement): TableDefinition {
  const name = readTableName(cursor, current);
  const table = catalog.table(name);
  if (!table) throw new SqlError(`errCode = 2, detailMessage = Table [${name.table}] does not exist in database [${name.database}].`);
  return table;
}
