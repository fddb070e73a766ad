import { median, type Quartiles, quartiles } from './judge.ts';

/** What the figure should be. */
export type Goal = { readonly kind: 'at-most' | 'at-least'; readonly value: number };

/** One thing that was measured. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `x` for a ratio of two like things. */
  readonly unit: string;
  /** Where there were rounds. */
  readonly quartiles?: Quartiles;
  readonly goal?: Goal;
  /**
   * Whether the baseline keeps it: ratios of processor time, bytes and calls. They hold on other machines, and on a busy one; ratios of wall
   * time do not. The lower the better, always.
   */
  readonly isKept: boolean;
}

/** At most this. */
export const atMost = (value: number): Goal => ({ kind: 'at-most', value });

/** At least this. */
export const atLeast = (value: number): Goal => ({ kind: 'at-least', value });

/** The ratio of two medians of interleaved rounds, and the quartiles of the rounds' own ratios. */
export function ratioOf(name: string, mine: readonly number[], other: readonly number[], goal?: Goal): Figure {
  const each = mine.map((value, round) => value / (other[round] ?? Number.NaN));
  return { ...ratio(name, median(mine) / median(other), goal), quartiles: quartiles(each) };
}

/** {@link ratioOf} for wall time. */
export function wallRatioOf(name: string, mine: readonly number[], other: readonly number[], goal?: Goal): Figure {
  return { ...ratioOf(name, mine, other, goal), isKept: false };
}

/** A ratio of two like things, or of calls to loads, that was not timed in rounds. */
export function ratio(name: string, value: number, goal?: Goal, unit = 'x'): Figure {
  return { name, value, unit, isKept: true, ...(goal === undefined ? {} : { goal }) };
}

/** The median of rounds in a unit of this machine. */
export function medianOf(name: string, values: readonly number[], unit: string, goal?: Goal): Figure {
  return { ...amount(name, median(values), unit, goal), quartiles: quartiles(values) };
}

/** One value in a unit of this machine. */
export function amount(name: string, value: number, unit: string, goal?: Goal): Figure {
  return { name, value, unit, isKept: false, ...(goal === undefined ? {} : { goal }) };
}

/** One line for people. */
export function figureText({ name, value, unit, quartiles: spread, goal }: Figure): string {
  const suffix = unit === 'x' ? 'x' : ` ${unit}`;
  const between = spread === undefined ? '' : ` (${rounded(spread.lower)} to ${rounded(spread.upper)})`;
  return `  ${name.padEnd(78)} ${rounded(value)}${suffix}${between}${goal === undefined ? '' : goalText(value, goal)}`;
}

function goalText(value: number, { kind, value: wanted }: Goal): string {
  const isMet = kind === 'at-most' ? value <= wanted : value >= wanted;
  return `; goal ${kind === 'at-most' ? '<=' : '>='} ${rounded(wanted)}: ${isMet ? 'met' : 'NOT MET'}`;
}

function rounded(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return Math.abs(value) > 0 && Math.abs(value) < 0.1
    ? value.toPrecision(2)
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
