import type { DuckDBDateValue, DuckDBDecimalValue, DuckDBTimestampValue } from '@duckdb/node-api';

/** A value ready to be stored: what DuckDB's column of that type takes. Wide integers are bigint, never a rounded number. */
export type Cell = null | boolean | number | bigint | string | DuckDBDateValue | DuckDBTimestampValue | DuckDBDecimalValue;

/** Makes a cell from the text of a field; `undefined` when the text is no value of the type. */
export type Convert = (text: string) => Cell | undefined;
