import { DuckDBDateValue, DuckDBDecimalValue, DuckDBTimestampValue } from '@duckdb/node-api';
import { dateText, datetimeText } from '../convert/datetime.ts';
import type { ColumnType } from '../table/types.ts';

/** A value of DuckDB that has an exact text. */
export type StoredValue = boolean | number | bigint | string | DuckDBDateValue | DuckDBTimestampValue | DuckDBDecimalValue;

/** A stored value as a Doris client prints it; exact for every width. */
export function cellText(cell: StoredValue, type: ColumnType): string {
  if (cell instanceof DuckDBDateValue) return dateText(cell.days);
  if (cell instanceof DuckDBTimestampValue) return datetimeText(cell.micros, type.kind === 'datetime' ? type.scale : 6);
  if (cell instanceof DuckDBDecimalValue) return cell.toString();
  if (typeof cell === 'boolean') return cell ? '1' : '0';
  if (typeof cell === 'number' && type.kind === 'float') return type.name === 'FLOAT' ? shortestFloat(cell) : String(cell);
  return String(cell);
}

const FLOAT_DIGITS = 9;

/** The shortest decimal that is the same single-precision number. */
function shortestFloat(value: number): string {
  for (let digits = 1; digits < FLOAT_DIGITS; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}
