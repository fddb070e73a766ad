import { type KeysType, SqlError, type TableName } from '../../engine.ts';
import type { Column, ColumnDefault, TableDefinition } from '../table/definition.ts';
import { checkTable } from './check-table.ts';
import { type Cursor, listOf, parenthesised } from './cursor.ts';
import { readPartitioning } from './partition.ts';
import { readType } from './type.ts';

/** What CREATE TABLE asks for. */
export interface CreateTable {
  readonly ifNotExists: boolean;
  readonly table: TableDefinition;
}

type DeclaredColumn = Omit<Column, 'key'> & { readonly declaredKey: boolean };

const AGGREGATIONS = [
  'SUM',
  'MAX',
  'MIN',
  'REPLACE',
  'REPLACE_IF_NOT_NULL',
  'BITMAP_UNION',
  'HLL_UNION',
  'QUANTILE_UNION',
  'GENERIC',
] as const;
const KEYS: readonly (readonly [string, KeysType])[] = [
  ['DUPLICATE', 'DUP_KEYS'],
  ['UNIQUE', 'UNIQUE_KEYS'],
  ['AGGREGATE', 'AGG_KEYS'],
];

/**
 * Reads the rest of a CREATE TABLE statement, after these two words.
 * @throws {SqlError} for syntax or a declaration that Doris (or the stand-in) refuses.
 */
export function readCreateTable(cursor: Cursor, database: string): CreateTable {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
  const name = readTableName(cursor, database);
  const declared = readColumns(cursor);
  if (cursor.accept('ENGINE')) readEngine(cursor);
  const keys = readKeys(cursor);
  if (cursor.accept('CLUSTER', 'BY')) parenthesised(cursor, () => cursor.name());
  const comment = cursor.accept('COMMENT') ? cursor.literal() : '';
  const partitioning = readPartitioning(cursor);
  readDistribution(cursor);
  if (cursor.accept('ROLLUP')) cursor.fail('no ROLLUP: the stand-in has none');
  const properties = cursor.accept('PROPERTIES') ? readProperties(cursor) : {};
  cursor.accept(';');
  if (cursor.peek().kind !== 'end') cursor.fail('the end of the statement');
  const keysType = keys?.type ?? 'DUP_KEYS';
  const table = { name, keysType, columns: withKeys(declared, keys), partitioning, properties, comment };
  checkTable(table);
  return { ifNotExists, table };
}

/** Reads `table` or `database.table`. */
export function readTableName(cursor: Cursor, database: string): TableName {
  const first = cursor.name();
  return cursor.accept('.') ? { database: first, table: cursor.name() } : { database, table: first };
}

function readColumns(cursor: Cursor): readonly DeclaredColumn[] {
  const columns: DeclaredColumn[] = [];
  cursor.expect('(');
  do {
    if (cursor.accept('INDEX')) readIndex(cursor);
    else columns.push(readColumn(cursor));
  } while (cursor.accept(','));
  cursor.expect(')');
  return columns;
}

function readColumn(cursor: Cursor): DeclaredColumn {
  const name = cursor.name();
  const type = readType(cursor);
  const declaredKey = cursor.accept('KEY');
  const aggregation = AGGREGATIONS.find((word) => cursor.accept(word)) ?? '';
  if (aggregation === 'GENERIC') throw new SqlError('errCode = 2, detailMessage = the stand-in has no generic aggregation');
  if (cursor.accept('GENERATED')) cursor.fail('no generated column: the stand-in has none');
  const nullable = !cursor.accept('NOT', 'NULL');
  if (nullable) cursor.accept('NULL');
  if (cursor.accept('AUTO_INCREMENT')) {
    throw new SqlError('errCode = 2, detailMessage = the stand-in has no AUTO_INCREMENT columns');
  }
  const standard = cursor.accept('DEFAULT') ? readDefault(cursor) : undefined;
  if (cursor.accept('ON', 'UPDATE')) cursor.fail('no ON UPDATE: the stand-in has none');
  const comment = cursor.accept('COMMENT') ? cursor.literal() : '';
  return { name, type, nullable, aggregation, comment, declaredKey, ...(standard && { default: standard }) };
}

function readDefault(cursor: Cursor): ColumnDefault {
  if (cursor.accept('NULL')) return { kind: 'null' };
  if (cursor.accept('CURRENT_TIMESTAMP')) {
    if (cursor.peek().text === '(') parenthesised(cursor, () => cursor.literal());
    return { kind: 'current-timestamp' };
  }
  if (cursor.accept('CURRENT_DATE')) {
    if (cursor.accept('(')) cursor.expect(')');
    return { kind: 'current-date' };
  }
  if (cursor.accept('TRUE')) return { kind: 'literal', text: 'true' };
  if (cursor.accept('FALSE')) return { kind: 'literal', text: 'false' };
  return { kind: 'literal', text: cursor.literal() };
}

/** Indexes change no result: they are read and forgotten. */
function readIndex(cursor: Cursor): void {
  cursor.accept('IF', 'NOT', 'EXISTS');
  cursor.name();
  parenthesised(cursor, () => cursor.name());
  if (cursor.accept('USING')) cursor.name();
  if (cursor.accept('PROPERTIES')) readProperties(cursor);
  if (cursor.accept('COMMENT')) cursor.literal();
}

function readEngine(cursor: Cursor): void {
  cursor.accept('=');
  const engine = cursor.name();
  if (engine.toUpperCase() !== 'OLAP') throw new SqlError(`errCode = 2, detailMessage = the stand-in has no ${engine} tables, only OLAP`);
}

function readKeys(cursor: Cursor): { readonly type: KeysType; readonly names: readonly string[] } | undefined {
  for (const [word, type] of KEYS) {
    if (cursor.accept(word, 'KEY')) return { type, names: parenthesised(cursor, () => cursor.name()) };
  }
  return undefined;
}

function withKeys(declared: readonly DeclaredColumn[], keys: { readonly names: readonly string[] } | undefined): readonly Column[] {
  const names = keys?.names.map((name) => name.toLowerCase()) ?? defaultKeys(declared);
  for (const name of names) {
    if (!declared.some((column) => column.name.toLowerCase() === name)) {
      throw new SqlError(`errCode = 2, detailMessage = Key columns [${name}] doesn't exist.`);
    }
  }
  return declared.map(({ declaredKey: _, ...column }) => ({ ...column, key: names.includes(column.name.toLowerCase()) }));
}

/** Without a key clause Doris takes the columns marked KEY, else leading columns; the first one is enough for a stand-in. */
function defaultKeys(declared: readonly DeclaredColumn[]): readonly string[] {
  const marked = declared.filter(({ declaredKey }) => declaredKey);
  return (marked.length > 0 ? marked : declared.slice(0, 1)).map(({ name }) => name.toLowerCase());
}

function readDistribution(cursor: Cursor): void {
  if (!cursor.accept('DISTRIBUTED', 'BY')) return;
  if (!cursor.accept('RANDOM')) {
    cursor.expect('HASH');
    parenthesised(cursor, () => cursor.name());
  }
  if (cursor.accept('BUCKETS') && !cursor.accept('AUTO')) cursor.literal();
}

function readProperties(cursor: Cursor): Readonly<Record<string, string>> {
  cursor.expect('(');
  if (cursor.accept(')')) return {};
  const entries = listOf(cursor, () => {
    const name = cursor.literal();
    cursor.expect('=');
    return [name, cursor.literal()] as const;
  });
  cursor.expect(')');
  return Object.fromEntries(entries);
}
