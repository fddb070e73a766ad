import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlError } from '../../engine.ts';

/** Functions that mean the same in Doris and DuckDB. */
const SAME = new Set(
  `abs acos any_value approx_count_distinct ascii asin atan atan2 avg bit_and bit_or bit_xor cbrt ceil ceiling coalesce cos count cume_dist
  date_add day dayofmonth dayofyear degrees dense_rank exp first_value floor grouping hour if ifnull instr json_extract json_extract_string
  json_valid lag last_value lcase lead left ln log10 log2 lower lpad ltrim max md5 min minute mod month ntile nullif percent_rank pi pow power
  quarter radians rank repeat replace reverse right round row_number rpad rtrim second sign sin split_part sqrt starts_with stddev_pop
  stddev_samp substr substring sum tan to_base64 trim ucase unhex upper var_pop var_samp week year`.split(/\s+/),
);

/** Functions that DuckDB spells or understands differently: Doris's name to the macro that does the same. */
const MACROS: ReadonlyMap<string, readonly [name: string, definition: string]> = new Map([
  ['length', ['doris_length', '(x) AS strlen(CAST(x AS VARCHAR))']],
  ['char_length', ['doris_char_length', '(x) AS length(CAST(x AS VARCHAR))']],
  ['nvl', ['doris_nvl', '(x, y) AS coalesce(x, y)']],
  ['concat', ['doris_concat', concatOverloads()]],
  ['now', ['doris_now', "() AS date_trunc('second', localtimestamp)"]],
  ['current_timestamp', ['doris_now', '']],
  ['date', ['doris_date', '(x) AS TRY_CAST(x AS DATE)']],
  ['to_date', ['doris_date', '']],
  ['date_trunc', ['doris_date_trunc', '(x, unit) AS date_trunc(unit, CAST(x AS TIMESTAMP))']],
  ['date_sub', ['doris_date_sub', '(x, i) AS x - i']],
  ['datediff', ['doris_datediff', "(x, y) AS date_diff('day', CAST(y AS DATE), CAST(x AS DATE))"]],
  ['json_extract_int', ['doris_json_int', '(x, path) AS TRY_CAST(json_extract_string(x, path) AS INTEGER)']],
  ['json_extract_bigint', ['doris_json_bigint', '(x, path) AS TRY_CAST(json_extract_string(x, path) AS BIGINT)']],
  ['json_extract_double', ['doris_json_double', '(x, path) AS TRY_CAST(json_extract_string(x, path) AS DOUBLE)']],
  ['get_json_string', ['doris_json_string', '(x, path) AS json_extract_string(x, path)']],
  ['get_json_int', ['doris_json_int', '']],
  ['ndv', ['doris_ndv', '(x) AS approx_count_distinct(x)']],
  ['array_size', ['doris_array_size', '(x) AS json_array_length(x)']],
  ['cardinality', ['doris_array_size', '']],
]);

/** Words that a parenthesis can follow without a call. */
const KEYWORDS = new Set(
  `ALL AND ANY AS ASC BETWEEN BY CASE DESC DISTINCT ELSE EXCEPT EXISTS FROM HAVING IN INTERSECT INTO IS JOIN LIKE LIMIT NOT ON OR OVER PARTITION
  SELECT SOME THEN UNION USING VALUES WHEN WHERE WITH`.split(/\s+/),
);

/** True for words that are no function although a parenthesis follows. */
export function isKeyword(word: string): boolean {
  return KEYWORDS.has(word.toUpperCase());
}

/** Words that Doris takes for a column only between backticks. */
const RESERVED = new Set(
  `${[...KEYWORDS].join(' ')} CROSS CURRENT_DATE CURRENT_TIMESTAMP DELETE FALSE FULL GROUP INNER INTERVAL LEFT NULL ORDER OUTER RIGHT ROWS TRUE
  WINDOW`.split(/\s+/),
);

/** True for words that are never a column as they stand. */
export function isReserved(word: string): boolean {
  return RESERVED.has(word.toUpperCase());
}

/**
 * The DuckDB function for one of Doris.
 * @throws {SqlError} for a function whose result might differ.
 */
export function duckFunction(name: string): string {
  const lower = name.toLowerCase();
  const macro = MACROS.get(lower);
  if (macro) return `memory.main.${macro[0]}`;
  if (lower === 'date_format') return 'strftime';
  if (lower === 'cast' || SAME.has(lower)) return name;
  throw new SqlError(`errCode = 2, detailMessage = the stand-in does not know the function ${name}`);
}

/** MySQL's letters for a date format in DuckDB's. */
export function duckDateFormat(format: string): string {
  return format.replaceAll('%i', '%M').replaceAll('%s', '%S').replaceAll('%T', '%H:%M:%S').replaceAll('%e', '%-d').replaceAll('%c', '%-m');
}

/** Makes the macros that translated statements call. */
export async function createMacros(connection: DuckDBConnection): Promise<void> {
  for (const [name, definition] of MACROS.values()) {
    if (definition) await connection.run(`CREATE MACRO memory.main.${name}${definition}`);
  }
}

/** CONCAT is NULL when any part is; DuckDB's would skip that part. */
function concatOverloads(): string {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  return names
    .map(
      (_, index) =>
        `(${names.slice(0, index + 1).join(', ')}) AS ${names
          .slice(0, index + 1)
          .map((name) => `CAST(${name} AS VARCHAR)`)
          .join(' || ')}`,
    )
    .join(', ');
}
