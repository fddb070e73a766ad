/** What an expression gives. Texts stand for decimals and dates too, so that no digit is lost. */
export type Value = null | boolean | number | bigint | string;

const INTEGER = /^\s*[+-]?\d+\s*$/;

/** The number that a value means in arithmetic: exact for integers, a double else; `null` when it means none. */
export function numberOf(value: Value): bigint | number | null {
  if (value === null || typeof value === 'bigint' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (INTEGER.test(value)) return BigInt(value.replace('+', ''));
  const number = value.trim() === '' ? Number.NaN : Number(value);
  return Number.isNaN(number) ? null : number;
}

/** The text that a value means to a string function. */
export function stringOf(value: Value): string | null {
  if (value === null) return null;
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}

/** SQL truth: `null` is unknown. */
export function truthOf(value: Value): boolean | null {
  if (value === null || typeof value === 'boolean') return value;
  const number = numberOf(value);
  return number === null ? null : Number(number) !== 0;
}

/** Below zero, zero or above; `null` when either side is NULL or numbers meet a text that is none. */
export function compare(left: Value, right: Value): number | null {
  if (left === null || right === null) return null;
  if (typeof left === 'string' && typeof right === 'string') return order(left, right);
  const [a, b] = [numberOf(left), numberOf(right)];
  return a === null || b === null ? null : order(a, b);
}

function order<T extends string | number | bigint>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : Number(a > b);
}
