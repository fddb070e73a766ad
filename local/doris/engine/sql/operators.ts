import { compare, numberOf, stringOf, truthOf, type Value } from './value.ts';

type Combine = (left: Value, right: Value) => Value;

/** AND and OR with SQL's unknown. */
export const logical: Readonly<Record<'and' | 'or', Combine>> = {
  and: (left, right) => {
    const [a, b] = [truthOf(left), truthOf(right)];
    if (a === false || b === false) return false;
    return a === null || b === null ? null : true;
  },
  or: (left, right) => {
    const [a, b] = [truthOf(left), truthOf(right)];
    if (a === true || b === true) return true;
    return a === null || b === null ? null : false;
  },
};

/** NOT: the unknown stays unknown. */
export function negated(value: Value): Value {
  const truth = truthOf(value);
  return truth === null ? null : !truth;
}

/** Comparisons; NULL on either side gives NULL, but for `same` (`<=>`). */
export const comparison: Readonly<Record<'equal' | 'same' | 'unequal' | 'below' | 'above' | 'atMost' | 'atLeast' | 'like', Combine>> = {
  equal: ordered((order) => order === 0),
  same: (left, right) => (left === null || right === null ? left === right : compare(left, right) === 0),
  unequal: ordered((order) => order !== 0),
  below: ordered((order) => order < 0),
  above: ordered((order) => order > 0),
  atMost: ordered((order) => order <= 0),
  atLeast: ordered((order) => order >= 0),
  like: (left, right) => {
    const [text, pattern] = [stringOf(left), stringOf(right)];
    return text === null || pattern === null ? null : likePattern(pattern).test(text);
  },
};

/** Integers stay exact; everything else is worked out in double precision, as Doris does with texts. */
export const arithmetic: Readonly<Record<'add' | 'subtract' | 'multiply' | 'divide' | 'divideWhole' | 'remainder', Combine>> = {
  add: calculated(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  subtract: calculated(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  multiply: calculated(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  divide: calculated(
    (a, b) => (b === 0n ? null : Number(a) / Number(b)),
    (a, b) => (b === 0 ? null : a / b),
  ),
  divideWhole: calculated(
    (a, b) => (b === 0n ? null : a / b),
    (a, b) => (b === 0 ? null : Math.trunc(a / b)),
  ),
  remainder: calculated(
    (a, b) => (b === 0n ? null : a % b),
    (a, b) => (b === 0 ? null : a % b),
  ),
};

function ordered(holds: (order: number) => boolean): Combine {
  return (left, right) => {
    const order = compare(left, right);
    return order === null ? null : holds(order);
  };
}

function calculated(exact: (a: bigint, b: bigint) => Value, rounded: (a: number, b: number) => Value): Combine {
  return (left, right) => {
    const [a, b] = [numberOf(left), numberOf(right)];
    if (a === null || b === null) return null;
    return typeof a === 'bigint' && typeof b === 'bigint' ? exact(a, b) : rounded(Number(a), Number(b));
  };
}

function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/\\([%_\\])|([%_])|([.*+?^${}()|[\]\\])/g, (_, escaped?: string, wild?: string, special?: string) => {
    if (wild) return wild === '%' ? '.*' : '.';
    return `\\${escaped ?? special}`;
  });
  return new RegExp(`^${source.replaceAll('\\%', '%').replaceAll('\\_', '_')}$`, 'su');
}
