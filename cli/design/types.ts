import type { Observed } from './observe.ts';

/** The type of a column and why. */
export interface Proposed {
  readonly type: string;
  readonly reason: string;
}

const LONGEST_VARCHAR = 65_533;
const LONGEST_KEY_VARCHAR = 1024;
const BIGINT_MAX = 2n ** 63n - 1n;
const LARGEINT_MAX = 2n ** 127n - 1n;
const DECIMAL_DIGITS = 38;

/** The narrowest type that takes every value that was seen, with room for larger ones of their kind. */
export function proposeType(values: readonly Observed[]): Proposed {
  const known = values.filter(({ kind }) => kind !== 'null');
  const kinds = [...new Set(known.map(({ kind }) => kind))];
  const [kind] = kinds;
  if (kind === undefined) return { type: 'VARIANT', reason: 'null in every row: takes whatever comes' };
  if (kinds.length > 1) return { type: 'VARIANT', reason: `irregular: ${kinds.join(', ')}` };
  switch (kind) {
    case 'boolean':
      return { type: 'BOOLEAN', reason: 'true and false only' };
    case 'number':
      return ofNumbers(textsOf(known));
    case 'text':
      return ofTexts(textsOf(known));
    case 'array':
      return ofArrays(known.flatMap((value) => (value.kind === 'array' ? value.elements : [])));
    default:
      return { type: 'VARIANT', reason: 'objects: their members stay queryable' };
  }
}

/** Whether Doris takes the type for a key column. */
export function mayBeKey(type: string): boolean {
  const length = /^VARCHAR\((\d+)\)$/.exec(type)?.[1];
  return length === undefined ? /^(BIGINT|LARGEINT|BOOLEAN|DATE|DATETIME|DECIMAL)/.test(type) : Number(length) <= LONGEST_KEY_VARCHAR;
}

function textsOf(values: readonly Observed[]): readonly string[] {
  return values.flatMap((value) => ('text' in value ? [value.text] : []));
}

function ofNumbers(texts: readonly string[]): Proposed {
  if (texts.some((text) => /e/i.test(text))) return { type: 'DOUBLE', reason: 'numbers with exponents' };
  const [whole, scale] = [largest(texts.map(wholeDigits)), largest(texts.map(fractionDigits))];
  if (scale > 0) return ofFractions(whole, scale);
  const most = texts.map(magnitude).reduce((a, b) => (a > b ? a : b), 0n);
  if (most <= BIGINT_MAX) return { type: 'BIGINT', reason: 'whole numbers' };
  if (most <= LARGEINT_MAX) return { type: 'LARGEINT', reason: 'whole numbers beyond 64 bits' };
  return { type: 'STRING', reason: 'whole numbers beyond 128 bits' };
}

/** Six digits of room before the point, two behind it. */
function ofFractions(whole: number, scale: number): Proposed {
  const [digits, behind] = [whole + 6 + scale + 2, scale + 2];
  if (digits > DECIMAL_DIGITS) return { type: 'DOUBLE', reason: `fractions of ${whole + scale} digits, more than a DECIMAL has room for` };
  return { type: `DECIMAL(${digits},${behind})`, reason: `fractions with up to ${scale} digits, kept exactly` };
}

/** A sample may have more values than a function takes arguments. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), 0);
}

function wholeDigits(text: string): number {
  return (/^-?(\d+)/.exec(text)?.[1] ?? '').length;
}

function fractionDigits(text: string): number {
  return (/\.(\d+)$/.exec(text)?.[1] ?? '').length;
}

function magnitude(text: string): bigint {
  return BigInt(text.replace('-', ''));
}

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const DATETIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;

function ofTexts(texts: readonly string[]): Proposed {
  if (texts.every((text) => DATE.test(text))) return { type: 'DATE', reason: 'dates' };
  const moments = texts.map((text) => DATETIME.exec(text));
  if (moments.every((moment) => moment !== null)) {
    const scale = Math.min(6, largest(moments.map((moment) => (moment[1] ?? '').length)));
    const zones = moments.some((moment) => moment[2] !== undefined)
      ? '; set DORIS_TIME_ZONE to the zone to which Doris is to convert them'
      : '';
    return { type: scale === 0 ? 'DATETIME' : `DATETIME(${scale})`, reason: `moments${zones}` };
  }
  const longest = largest(texts.map((text) => Buffer.byteLength(text)));
  const room = Math.max(32, 2 ** Math.ceil(Math.log2(Math.max(1, longest) * 4)));
  if (room > LONGEST_VARCHAR) return { type: 'STRING', reason: `texts of up to ${longest} bytes` };
  return {
    type: `VARCHAR(${room})`,
    reason: `texts of up to ${longest} bytes, with room for four times as much; Doris refuses longer ones`,
  };
}

function ofArrays(elements: readonly Observed[]): Proposed {
  const { type } = proposeType(elements);
  if (elements.length === 0 || type === 'VARIANT' || type.startsWith('ARRAY'))
    return { type: 'VARIANT', reason: 'arrays without a common type of element' };
  const inner = type.startsWith('VARCHAR') ? 'STRING' : type;
  return { type: `ARRAY<${inner}>`, reason: 'arrays of one type' };
}
