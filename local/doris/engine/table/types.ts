/** The column types of Doris that the stand-in knows, with what is needed to check and store a value. */
export type ColumnType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly name: IntegerName; readonly min: bigint; readonly max: bigint }
  | { readonly kind: 'float'; readonly name: 'FLOAT' | 'DOUBLE' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'date' }
  | { readonly kind: 'datetime'; readonly scale: number }
  | { readonly kind: 'text'; readonly name: 'CHAR' | 'VARCHAR' | 'STRING'; readonly bytes: number }
  | { readonly kind: 'json'; readonly name: 'JSON' | 'VARIANT' }
  | { readonly kind: 'nested'; readonly shape: 'array' | 'object'; readonly text: string }
  | { readonly kind: 'state'; readonly name: 'BITMAP' | 'HLL' | 'QUANTILE_STATE' };

type IntegerName = 'TINYINT' | 'SMALLINT' | 'INT' | 'BIGINT' | 'LARGEINT';

/** Doris's limit for STRING values (`string_type_length_soft_limit_bytes`). */
const STRING_BYTES = 1_048_576;
/** A VARCHAR without a length is as long as VARCHAR can be. */
const MAX_VARCHAR_BYTES = 65_533;

function integer(name: IntegerName, bits: bigint): ColumnType {
  return {
    kind: 'integer',
    name,
    min: -(1n << (bits - 1n)),
    max: (1n << (bits - 1n)) - 1n,
  };
}

const PLAIN_TYPES: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ['BOOLEAN', { kind: 'boolean' }],
  ['BOOL', { kind: 'boolean' }],
  ['TINYINT', integer('TINYINT', 8n)],
  ['SMALLINT', integer('SMALLINT', 16n)],
  ['INT', integer('INT', 32n)],
  ['INTEGER', integer('INT', 32n)],
  ['BIGINT', integer('BIGINT', 64n)],
  ['LARGEINT', integer('LARGEINT', 128n)],
  ['FLOAT', { kind: 'float', name: 'FLOAT' }],
  ['DOUBLE', { kind: 'float', name: 'DOUBLE' }],
  ['DATE', { kind: 'date' }],
  ['DATEV2', { kind: 'date' }],
  ['STRING', { kind: 'text', name: 'STRING', bytes: STRING_BYTES }],
  ['TEXT', { kind: 'text', name: 'STRING', bytes: STRING_BYTES }],
  ['JSON', { kind: 'json', name: 'JSON' }],
  ['JSONB', { kind: 'json', name: 'JSON' }],
  ['VARIANT', { kind: 'json', name: 'VARIANT' }],
  ['BITMAP', { kind: 'state', name: 'BITMAP' }],
  ['HLL', { kind: 'state', name: 'HLL' }],
  ['QUANTILE_STATE', { kind: 'state', name: 'QUANTILE_STATE' }],
]);

/**
 * Makes a type from its name and the numbers in its parentheses; `undefined` when there is no such type.
 * @throws {RangeError} with a reason when the numbers are out of Doris's range.
 */
export function typeOf(name: string, args: readonly number[]): ColumnType | undefined {
  const upper = name.toUpperCase();
  const plain = PLAIN_TYPES.get(upper);
  if (plain) return plain;
  if (upper === 'DATETIME' || upper === 'DATETIMEV2') return { kind: 'datetime', scale: inRange('DATETIME scale', args[0] ?? 0, 0, 6) };
  if (upper === 'DECIMAL' || upper === 'DECIMALV3' || upper === 'NUMERIC') return decimal(args);
  if (upper === 'CHAR') return { kind: 'text', name: 'CHAR', bytes: inRange('CHAR length', args[0] ?? 1, 1, 255) };
  if (upper === 'VARCHAR') {
    return { kind: 'text', name: 'VARCHAR', bytes: inRange('VARCHAR length', args[0] ?? MAX_VARCHAR_BYTES, 1, MAX_VARCHAR_BYTES) };
  }
  return undefined;
}

/** The type as Doris names it in `DESC` and `_schema`, in upper case with its arguments. */
export function typeText(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'integer':
    case 'float':
    case 'json':
    case 'state':
      return type.name;
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'date':
      return 'DATE';
    case 'datetime':
      return type.scale === 0 ? 'DATETIME' : `DATETIME(${type.scale})`;
    case 'text':
      return type.name === 'STRING' ? 'STRING' : `${type.name}(${type.bytes})`;
    case 'nested':
      return type.text;
    default:
      return type satisfies never;
  }
}

/** The DuckDB type that stores a column. JSON, nested values and states are kept as their text. */
export function storageType(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'integer':
      return type.name === 'LARGEINT' ? 'HUGEINT' : type.name;
    case 'float':
      return type.name;
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'date':
      return 'DATE';
    case 'datetime':
      return 'TIMESTAMP';
    case 'text':
    case 'json':
    case 'nested':
    case 'state':
      return 'VARCHAR';
    default:
      return type satisfies never;
  }
}

function decimal(args: readonly number[]): ColumnType {
  const precision = inRange('DECIMAL precision', args[0] ?? 38, 1, 38);
  const scale = inRange('DECIMAL scale', args[1] ?? (args.length === 0 ? 9 : 0), 0, precision);
  return { kind: 'decimal', precision, scale };
}

function inRange(what: string, value: number, min: number, max: number): number {
  if (value < min || value > max) throw new RangeError(`${what} must be between ${min} and ${max} (given ${value})`);
  return value;
}
