import { SqlError } from '../../engine.ts';
import type { RowContext } from '../load/row-values.ts';
import { DATE_FUNCTIONS } from './date-functions.ts';
import { JSON_FUNCTIONS } from './json-functions.ts';
import { numberOf, stringOf, truthOf, type Value } from './value.ts';

/** A function of expressions in `columns` and `where`. */
export type SqlFunction = (args: readonly Value[], context: RowContext) => Value;

/**
 * Finds a function by name, in any letter case.
 * @throws {SqlError} when the stand-in does not know it.
 */
export function functionNamed(name: string): SqlFunction {
  const found = FUNCTIONS.get(name.toLowerCase());
  if (!found) throw new SqlError(`errCode = 2, detailMessage = the stand-in does not know the function ${name} in load expressions`);
  return found;
}

/** A function of one text; NULL gives NULL. */
function ofText(apply: (text: string, second: Value, third: Value) => Value): SqlFunction {
  return ([first = null, second = null, third = null]) => {
    const text = stringOf(first);
    return text === null ? null : apply(text, second, third);
  };
}

function ofNumber(apply: (value: number) => number): SqlFunction {
  return ([value = null]) => {
    const number = numberOf(value);
    if (number === null || typeof number === 'bigint') return number === null ? null : BigInt(apply(Number(number)));
    return apply(number);
  };
}

/** Positions count from 1, from the end when negative; 0 gives the empty text. */
function substring(text: string, position: Value, length: Value): Value {
  const start = Number(numberOf(position) ?? Number.NaN);
  if (Number.isNaN(start)) return null;
  if (start === 0) return '';
  const characters = [...text];
  const from = start > 0 ? start - 1 : characters.length + start;
  if (from < 0) return '';
  const count = length === null ? characters.length : Number(numberOf(length) ?? 0);
  return characters.slice(from, from + Math.max(count, 0)).join('');
}

const firstKnown: SqlFunction = (args) => args.find((value) => value !== null) ?? null;
const same: SqlFunction = ([value = null]) => value;

const FUNCTIONS: ReadonlyMap<string, SqlFunction> = new Map<string, SqlFunction>([
  ...DATE_FUNCTIONS,
  ...JSON_FUNCTIONS,
  ['substr', ofText(substring)],
  ['substring', ofText(substring)],
  ['upper', ofText((text) => text.toUpperCase())],
  ['ucase', ofText((text) => text.toUpperCase())],
  ['lower', ofText((text) => text.toLowerCase())],
  ['lcase', ofText((text) => text.toLowerCase())],
  ['trim', ofText((text) => text.replace(/^ +| +$/g, ''))],
  ['ltrim', ofText((text) => text.replace(/^ +/, ''))],
  ['rtrim', ofText((text) => text.replace(/ +$/, ''))],
  ['length', ofText((text) => BigInt(Buffer.byteLength(text)))],
  ['char_length', ofText((text) => BigInt([...text].length))],
  ['replace', ofText((text, from, to) => (from === null || to === null ? null : text.replaceAll(String(from), String(to))))],
  ['concat', (args) => (args.includes(null) ? null : args.map(stringOf).join(''))],
  ['abs', ofNumber(Math.abs)],
  ['floor', ofNumber(Math.floor)],
  ['ceil', ofNumber(Math.ceil)],
  ['ifnull', firstKnown],
  ['nvl', firstKnown],
  ['coalesce', firstKnown],
  ['nullif', ([first = null, second = null]) => (first !== null && String(first) === String(second) ? null : first)],
  ['if', ([condition = null, yes = null, no = null]) => (truthOf(condition) === true ? yes : no)],
  // States are kept as the value they were made of: the stand-in stores them and computes nothing with them.
  ['to_bitmap', same],
  ['hll_hash', same],
  ['to_quantile_state', same],
]);
