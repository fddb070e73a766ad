import {
  DuckDBDateValue,
  type DuckDBDecimalType,
  DuckDBDecimalValue,
  type DuckDBResultReader,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { QueryResult } from '../../engine.ts';
import { cellText, type StoredValue } from '../store/cell-text.ts';
import type { Column } from '../table/definition.ts';
import { type ColumnType, typeOf, typeText } from '../table/types.ts';

const PLAIN: ReadonlyMap<DuckDBTypeId, string> = new Map([
  [DuckDBTypeId.BOOLEAN, 'BOOLEAN'],
  [DuckDBTypeId.TINYINT, 'TINYINT'],
  [DuckDBTypeId.SMALLINT, 'SMALLINT'],
  [DuckDBTypeId.INTEGER, 'INT'],
  [DuckDBTypeId.BIGINT, 'BIGINT'],
  [DuckDBTypeId.HUGEINT, 'LARGEINT'],
  [DuckDBTypeId.FLOAT, 'FLOAT'],
  [DuckDBTypeId.DOUBLE, 'DOUBLE'],
  [DuckDBTypeId.DATE, 'DATE'],
]);

/**
 * Turns a DuckDB result into Doris's terms: exact texts, Doris type names.
 * @param known - columns of the tables in the query: a result column of that name and storage is taken to be one of them.
 */
export function queryResult(result: DuckDBResultReader, known: readonly Column[]): QueryResult {
  const types = result.columnNames().map((name, index) => resultType(name, result.columnType(index), known));
  return {
    columns: result.columnNames().map((name, index) => ({ name, type: typeText(types[index] ?? TEXT) })),
    rows: result.getRows().map((row) => row.map((value, index) => shownValue(value, types[index] ?? TEXT))),
    affectedRows: 0,
  };
}

const TEXT: ColumnType = { kind: 'text', name: 'STRING', bytes: 0 };

function resultType(name: string, type: DuckDBType, known: readonly Column[]): ColumnType {
  const stored = duckColumnType(type);
  const column = known.find((candidate) => candidate.name === name);
  return column && sameStorage(column.type, stored) ? column.type : stored;
}

/** Texts, JSON and nested values share one storage; times differ in nothing but their scale. */
function sameStorage(declared: ColumnType, stored: ColumnType): boolean {
  const asText = declared.kind === 'json' || declared.kind === 'nested' || declared.kind === 'state';
  return declared.kind === stored.kind || (asText && stored.kind === 'text');
}

function duckColumnType(type: DuckDBType): ColumnType {
  if (type.typeId === DuckDBTypeId.DECIMAL) {
    const { width, scale } = type as DuckDBDecimalType;
    return { kind: 'decimal', precision: width, scale };
  }
  if (type.typeId === DuckDBTypeId.TIMESTAMP) return { kind: 'datetime', scale: 6 };
  return typeOf(PLAIN.get(type.typeId) ?? 'STRING', []) ?? TEXT;
}

function shownValue(value: DuckDBValue, type: ColumnType): string | null {
  if (value === null) return null;
  if (value instanceof DuckDBTimestampValue && type.kind === 'datetime' && type.scale === 6)
    return withoutEmptyFraction(cellText(value, type));
  if (isCell(value)) return cellText(value, type);
  return String(value);
}

function isCell(value: DuckDBValue): value is StoredValue {
  return (
    typeof value !== 'object' ||
    value instanceof DuckDBDateValue ||
    value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBDecimalValue
  );
}

function withoutEmptyFraction(text: string): string {
  return text.replace(/\.000000$/, '');
}
