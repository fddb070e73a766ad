import type { Convert } from './cell.ts';

const INTEGER = /^\s*([+-]?\d+)(\.\d*)?\s*$/;
const NUMBER = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/;
const FLOAT_WORDS: ReadonlyMap<string, string> = new Map([
  ['inf', 'Infinity'],
  ['+inf', 'Infinity'],
  ['-inf', '-Infinity'],
  ['infinity', 'Infinity'],
  ['+infinity', 'Infinity'],
  ['-infinity', '-Infinity'],
  ['nan', 'NaN'],
]);
/** Exponents past this make no value of 38 digits. */
const MAX_EXPONENT = 100;

/** Integers: a fraction is cut off without strict mode and refused with it (test_stream_load_cast.fraction_into_integer). */
export function integerConvert({ min, max }: IntegerRange, strict: boolean): Convert {
  const low = Number(min);
  const high = Number(max);
  return (text) => {
    const digits = plainDigits(text);
    if (digits === 0) return anyInteger(wholePart(text, strict), { min, max });
    if (digits > MAX_FAST_DIGITS) return anyInteger(text, { min, max });
    const value = Number(text);
    return value < low || value > high ? undefined : text;
  };
}

interface IntegerRange {
  readonly min: bigint;
  readonly max: bigint;
}

function wholePart(text: string, strict: boolean): string | undefined {
  const parts = INTEGER.exec(text);
  return !parts || (strict && parts[2] !== undefined) ? undefined : parts[1]?.replace('+', '');
}

function anyInteger(whole: string | undefined, { min, max }: IntegerRange): string | undefined {
  if (whole === undefined) return undefined;
  const value = BigInt(whole);
  return value < min || value > max ? undefined : String(value);
}

/** FLOAT and DOUBLE. Beyond the range becomes Infinity (one of two results on record, test_stream_load_cast.out_of_range). */
export function floatConvert(name: 'FLOAT' | 'DOUBLE'): Convert {
  return (text) => {
    if (isPlainDecimal(text, MAX_FAST_DIGITS, MAX_FAST_DIGITS)) return String(Number(text));
    const parts = NUMBER.exec(text);
    if (!parts || !(parts[2] || parts[3])) return FLOAT_WORDS.get(text.trim().toLowerCase());
    const value = Number(text);
    return String(name === 'FLOAT' && !Number.isFinite(Math.fround(value)) ? Math.fround(value) : value);
  };
}

/** Decimals keep every digit; digits past the scale are rounded half up. */
export function decimalConvert(precision: number, scale: number): Convert {
  const limit = 10n ** BigInt(precision);
  return (text) => {
    if (isPlainDecimal(text, precision - scale, scale)) return text;
    const value = scaledDecimal(text, scale);
    return value === undefined || value >= limit || value <= -limit ? undefined : decimalText(value, scale);
  };
}

/** The number times 10^scale, rounded half away from zero; `undefined` when the text is no number. */
export function scaledDecimal(text: string, scale: number): bigint | undefined {
  const parts = NUMBER.exec(text);
  if (!parts || !(parts[2] || parts[3])) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const shift = scale + Number(exponent) - fraction.length;
  if (Math.abs(shift) > MAX_EXPONENT + fraction.length) return Number(exponent) < 0 || /^0*$/.test(whole + fraction) ? 0n : undefined;
  const digits = BigInt(whole + fraction);
  const value = shift >= 0 ? digits * 10n ** BigInt(shift) : roundedQuotient(digits, 10n ** BigInt(-shift));
  return sign === '-' ? -value : value;
}

function decimalText(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const sign = value < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function roundedQuotient(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return (value % divisor) * 2n >= divisor ? quotient + 1n : quotient;
}

const CODE_0 = 48;
const CODE_9 = 57;
const CODE_DOT = 46;
const CODE_MINUS = 45;
/** A double holds so many digits, whichever they are, and a FLOAT's range is wider. */
const MAX_FAST_DIGITS = 15;

/** How many digits a text has that is nothing but digits behind an optional minus; 0 for any other text. */
function plainDigits(text: string): number {
  const start = text.charCodeAt(0) === CODE_MINUS ? 1 : 0;
  return digitsEnd(text, start) === text.length ? text.length - start : 0;
}

/** The fast path: `-123.45` with no more digits on either side than the type has. */
function isPlainDecimal(text: string, wholeDigits: number, scale: number): boolean {
  const start = text.charCodeAt(0) === CODE_MINUS ? 1 : 0;
  const whole = digitsEnd(text, start);
  if (whole === start || whole - start > wholeDigits) return false;
  if (whole === text.length) return true;
  const end = digitsEnd(text, whole + 1);
  return text.charCodeAt(whole) === CODE_DOT && end === text.length && end > whole + 1 && end - whole - 1 <= scale;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (!(code >= CODE_0 && code <= CODE_9)) return at;
    at++;
  }
}
