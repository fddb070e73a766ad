import { type QueryResult, SqlError } from '../../engine.ts';
import { storedTable } from '../store/stored-table.ts';
import { type SqlContext, type Statement, tableNamed } from './context.ts';
import { readCreateTable, readTableName } from './create-table.ts';
import { type Cursor, cursorOf } from './cursor.ts';
import { deleteRows } from './delete.ts';
import { insertValues } from './insert.ts';
import { runSelect } from './select.ts';
import { describeTable, showCreateTable, showDatabases, showTables } from './show.ts';

type Run = (statement: Statement) => Promise<QueryResult>;

/**
 * Runs one statement.
 * @throws {SqlError} for what cannot be read, is not known, or fails.
 */
export async function runStatement(context: SqlContext, text: string, current: string): Promise<QueryResult> {
  try {
    return await runKnown(context, text, current);
  } catch (error) {
    if (error instanceof SqlError) throw error;
    throw new SqlError(`errCode = 2, detailMessage = ${reasonOf(error)}`, { cause: error });
  }
}

/** DuckDB's words, but for a column that is not there, which clients tell from other faults. */
function reasonOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const column = /^Binder Error: Referenced column "([^"]*)" not found/.exec(said)?.[1];
  return column === undefined ? said : `Unknown column '${column}' in 'table list'`;
}

async function runKnown(context: SqlContext, text: string, current: string): Promise<QueryResult> {
  const cursor = cursorOf(text);
  for (const [words, run] of STATEMENTS) {
    if (words.length > 1 ? cursor.accept(...words) : startsWith(cursor, words)) return run({ ...context, cursor, text, current });
  }
  throw new SqlError(`errCode = 2, detailMessage = the stand-in does not know statements that start with '${cursor.peek().text}'`);
}

const STATEMENTS: readonly (readonly [readonly string[], Run])[] = [
  [['CREATE', 'DATABASE'], createDatabase],
  [['CREATE', 'SCHEMA'], createDatabase],
  [['CREATE', 'TABLE'], createTable],
  [['DROP', 'DATABASE'], dropDatabase],
  [['DROP', 'SCHEMA'], dropDatabase],
  [['DROP', 'TABLE'], dropTable],
  [['TRUNCATE', 'TABLE'], truncateTable],
  [['INSERT', 'INTO'], insertValues],
  [['DELETE', 'FROM'], deleteRows],
  [['SHOW', 'DATABASES'], showDatabases],
  [['SHOW', 'SCHEMAS'], showDatabases],
  [['SHOW', 'TABLES'], showTables],
  [['SHOW', 'CREATE', 'TABLE'], showCreateTable],
  [['SELECT'], runSelect],
  [['WITH'], runSelect],
  [['DESC'], describeTable],
  [['DESCRIBE'], describeTable],
];

/** Single words stay on the cursor: SELECT is translated as a whole. */
function startsWith(cursor: Cursor, [word = '']: readonly string[]): boolean {
  return cursor.peek().kind === 'word' && cursor.peek().text.toUpperCase() === word;
}

const NOTHING: QueryResult = { columns: [], rows: [], affectedRows: 0 };

async function createDatabase({ cursor, catalog }: Statement): Promise<QueryResult> {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
  const name = cursor.name();
  if (!(ifNotExists && catalog.hasDatabase(name))) await catalog.createDatabase(name);
  return NOTHING;
}

async function dropDatabase({ cursor, catalog }: Statement): Promise<QueryResult> {
  const ifExists = cursor.accept('IF', 'EXISTS');
  const name = cursor.name();
  if (catalog.hasDatabase(name)) await catalog.dropDatabase(name);
  else if (!ifExists) throw new SqlError(`errCode = 2, detailMessage = Can't drop database '${name}'; database doesn't exist`);
  return NOTHING;
}

async function createTable({ cursor, catalog, current }: Statement): Promise<QueryResult> {
  const { ifNotExists, table } = readCreateTable(cursor, current);
  if (!(ifNotExists && catalog.table(table.name))) await catalog.createTable(table);
  return NOTHING;
}

async function dropTable({ cursor, catalog, current }: Statement): Promise<QueryResult> {
  const ifExists = cursor.accept('IF', 'EXISTS');
  const name = readTableName(cursor, current);
  if (catalog.table(name)) await catalog.dropTable(name);
  else if (!ifExists) throw new SqlError(`errCode = 2, detailMessage = Unknown table '${name.table}'`);
  return NOTHING;
}

async function truncateTable(statement: Statement): Promise<QueryResult> {
  const table = tableNamed(statement);
  await statement.database.write((connection) => connection.run(`DELETE FROM ${storedTable(table)}`));
  return NOTHING;
}
