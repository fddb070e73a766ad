import type { ColumnInfo, KeysType, TableInfo, TableName } from '../../engine.ts';
import { type ColumnType, typeOf, typeText } from './types.ts';

/** What a column holds when a row does not say. */
export type ColumnDefault =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'current-timestamp' }
  | { readonly kind: 'current-date' };

/** One column of a table as CREATE TABLE declared it. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly key: boolean;
  readonly aggregation: string;
  readonly default?: ColumnDefault;
  readonly comment: string;
}

/** The upper or lower end of a range partition: one text a partition column, or no limit. */
export type Bound = readonly (string | 'MAXVALUE')[];

/** One partition: rows from `lower` (inclusive) below `upper`, or rows whose key is in `values`. */
export type Partition =
  | { readonly kind: 'range'; readonly name: string; readonly lower?: Bound; readonly upper: Bound }
  | { readonly kind: 'list'; readonly name: string; readonly values: readonly (readonly string[])[] };

/** How a table is cut into partitions. */
export type Partitioning =
  | { readonly kind: 'none' }
  /** Partitions are made as rows need them: every row finds one. */
  | { readonly kind: 'auto' }
  | { readonly kind: 'declared'; readonly columns: readonly string[]; readonly partitions: readonly Partition[] };

/** Everything that CREATE TABLE said and the engine acts on. */
export interface TableDefinition {
  readonly name: TableName;
  readonly keysType: KeysType;
  readonly columns: readonly Column[];
  readonly partitioning: Partitioning;
  readonly properties: Readonly<Record<string, string>>;
  readonly comment: string;
}

/** The table as the server sees it. */
export function tableInfo(table: TableDefinition): TableInfo {
  return { name: table.name, keysType: table.keysType, columns: table.columns.map(columnInfo), properties: table.properties };
}

/** The key columns, in order. */
export function keyColumns(table: TableDefinition): readonly Column[] {
  return table.columns.filter(({ key }) => key);
}

/** The column whose higher value wins in a UNIQUE KEY table, when the table names one. */
export function sequenceColumn(table: TableDefinition): Column | undefined {
  const name = table.properties['function_column.sequence_col']?.toLowerCase();
  return table.columns.find((column) => column.name.toLowerCase() === name);
}

/** Type of the hidden column that every load fills from the column it names, when the table has one. Without digits of the second. */
export function sequenceType({ properties }: TableDefinition): ColumnType | undefined {
  const name = properties['function_column.sequence_type'];
  return name === undefined ? undefined : typeOf(name, []);
}

/** Whether values of a type can say which row is the newer one. */
export function canSequence(type: ColumnType | undefined): boolean {
  return type?.kind === 'integer' || type?.kind === 'date' || type?.kind === 'datetime';
}

function columnInfo({ name, type, nullable, key, aggregation, comment }: Column): ColumnInfo {
  return { name, type: typeText(type), nullable, key, aggregation, comment };
}
