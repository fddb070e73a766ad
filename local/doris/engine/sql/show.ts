import { type QueryResult, SqlError } from '../../engine.ts';
import { type Column, keyColumns, type TableDefinition } from '../table/definition.ts';
import { typeText } from '../table/types.ts';
import { type Statement, tableNamed } from './context.ts';

/** SHOW DATABASES. */
export async function showDatabases({ catalog }: Statement): Promise<QueryResult> {
  return textResult(
    ['Database'],
    catalog.databases().map((name) => [name]),
  );
}

/** SHOW TABLES [FROM database]. */
export async function showTables({ cursor, catalog, current }: Statement): Promise<QueryResult> {
  const database = cursor.accept('FROM') || cursor.accept('IN') ? cursor.name() : current;
  if (!catalog.hasDatabase(database)) throw new SqlError(`errCode = 2, detailMessage = Unknown database '${database}'`);
  const names = catalog.tables(database).map(({ name }) => name.table);
  return textResult(
    [`Tables_in_${database}`],
    names.sort().map((name) => [name]),
  );
}

/** DESC table. */
export async function describeTable(statement: Statement): Promise<QueryResult> {
  statement.cursor.next();
  const table = tableNamed(statement);
  return textResult(['Field', 'Type', 'Null', 'Key', 'Default', 'Extra'], table.columns.map(describedColumn));
}

/** SHOW CREATE TABLE: the parts that the stand-in acts on. */
export async function showCreateTable(statement: Statement): Promise<QueryResult> {
  const table = tableNamed(statement);
  return textResult(['Table', 'Create Table'], [[table.name.table, createStatement(table)]]);
}

function textResult(names: readonly string[], rows: QueryResult['rows']): QueryResult {
  return { columns: names.map((name) => ({ name, type: 'VARCHAR' })), rows, affectedRows: 0 };
}

function describedColumn(column: Column): readonly (string | null)[] {
  const { name, type, nullable, key, aggregation } = column;
  return [
    name,
    typeText(type).toLowerCase(),
    nullable ? 'Yes' : 'No',
    String(key),
    defaultText(column),
    aggregation || (key ? '' : 'NONE'),
  ];
}

function defaultText({ default: standard }: Column): string | null {
  switch (standard?.kind) {
    case undefined:
    case 'null':
      return null;
    case 'literal':
      return standard.text;
    case 'current-timestamp':
      return 'CURRENT_TIMESTAMP';
    case 'current-date':
      return 'CURRENT_DATE';
    default:
      return standard satisfies never;
  }
}

const KEYS_WORDS = { DUP_KEYS: 'DUPLICATE', UNIQUE_KEYS: 'UNIQUE', AGG_KEYS: 'AGGREGATE' } as const;

function createStatement(table: TableDefinition): string {
  const columns = table.columns.map((column) => `  ${declaration(column)}`).join(',\n');
  const keys = keyColumns(table)
    .map(({ name }) => `\`${name}\``)
    .join(', ');
  const properties = Object.entries(table.properties)
    .map(([name, value]) => `"${name}" = "${value}"`)
    .join(',\n');
  return `CREATE TABLE \`${table.name.table}\` (\n${columns}\n) ENGINE=OLAP\n${KEYS_WORDS[table.keysType]} KEY(${keys})\nPROPERTIES (\n${properties}\n);`;
}

function declaration(column: Column): string {
  const { name, type, aggregation, nullable, default: standard, comment } = column;
  const text = defaultText(column);
  const words = [
    `\`${name}\` ${typeText(type).toLowerCase()}`,
    aggregation,
    nullable ? 'NULL' : 'NOT NULL',
    text === null ? '' : `DEFAULT ${standard?.kind === 'literal' ? `"${text}"` : text}`,
    comment && `COMMENT '${comment}'`,
  ];
  return words.filter(Boolean).join(' ');
}
