import { DuckDBDecimalValue } from '@duckdb/node-api';
import type { Convert } from './cell.ts';

const INTEGER = /^\s*([+-]?\d+)(\.\d*)?\s*$/;
const NUMBER = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/;
const FLOAT_WORDS: ReadonlyMap<string, number> = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['+infinity', Number.POSITIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
  ['nan', Number.NaN],
]);
/** Exponents past this make no value of 38 digits. */
const MAX_EXPONENT = 100;

/** Integers: a fraction is cut off without strict mode and refused with it (test_stream_load_cast.fraction_into_integer). */
export function integerConvert(
  { name, min, max }: { readonly name: string; readonly min: bigint; readonly max: bigint },
  strict: boolean,
): Convert {
  const wide = name === 'BIGINT' || name === 'LARGEINT';
  const low = Number(min);
  const high = Number(max);
  return (text) => {
    const small = smallInteger(text);
    if (small !== undefined) return small < low || small > high ? undefined : wide ? BigInt(small) : small;
    const parts = INTEGER.exec(text);
    if (!parts || (strict && parts[2] !== undefined)) return undefined;
    const value = BigInt(parts[1]?.replace('+', '') ?? '');
    if (value < min || value > max) return undefined;
    return wide ? value : Number(value);
  };
}

/** FLOAT and DOUBLE. Beyond the range becomes Infinity (one of two results on record, test_stream_load_cast.out_of_range). */
export function floatConvert(name: 'FLOAT' | 'DOUBLE'): Convert {
  return (text) => {
    const parts = NUMBER.exec(text);
    if (!parts || !(parts[2] || parts[3])) return FLOAT_WORDS.get(text.trim().toLowerCase());
    const value = Number(text);
    return name === 'FLOAT' ? Math.fround(value) : value;
  };
}

/** Decimals keep every digit; digits past the scale are rounded half up. */
export function decimalConvert(precision: number, scale: number): Convert {
  const limit = 10n ** BigInt(precision);
  return (text) => {
    const value = scaledDecimal(text, scale);
    if (value === undefined || value >= limit || value <= -limit) return undefined;
    return new DuckDBDecimalValue(value, precision, scale);
  };
}

/** The number times 10^scale, rounded half away from zero; `undefined` when the text is no number. */
export function scaledDecimal(text: string, scale: number): bigint | undefined {
  const parts = NUMBER.exec(text);
  if (!parts || !(parts[2] || parts[3])) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const shift = scale + Number(exponent) - fraction.length;
  if (Math.abs(shift) > MAX_EXPONENT + scale) return Number(exponent) < 0 || /^0*$/.test(whole + fraction) ? 0n : undefined;
  const digits = BigInt(whole + fraction);
  const value = shift >= 0 ? digits * 10n ** BigInt(shift) : roundedQuotient(digits, 10n ** BigInt(-shift));
  return sign === '-' ? -value : value;
}

function roundedQuotient(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return (value % divisor) * 2n >= divisor ? quotient + 1n : quotient;
}

const CODE_0 = 48;
const CODE_MINUS = 45;
const MAX_FAST_DIGITS = 15;

/** The fast path: up to 15 plain digits with an optional minus. */
function smallInteger(text: string): number | undefined {
  const negative = text.charCodeAt(0) === CODE_MINUS;
  const start = negative ? 1 : 0;
  const digits = text.length - start;
  if (digits === 0 || digits > MAX_FAST_DIGITS) return undefined;
  let value = 0;
  for (let at = start; at < text.length; at++) {
    const digit = text.charCodeAt(at) - CODE_0;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return negative && value !== 0 ? -value : value;
}
