/** The middle half of some values lies between these. */
export interface Quartiles {
  readonly lower: number;
  readonly upper: number;
}

/** The middle value; of an even number, the mean of the middle two. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** First and third quartile, between neighbours by weight. */
export function quartiles(values: readonly number[]): Quartiles {
  return { lower: quantile(values, 0.25), upper: quantile(values, 0.75) };
}

function quantile(values: readonly number[], share: number): number {
  const ordered = values.toSorted((a, b) => a - b);
  const at = (ordered.length - 1) * share;
  const [low, high] = [ordered[Math.floor(at)], ordered[Math.ceil(at)]];
  if (low === undefined || high === undefined) throw new RangeError('no values to take a quantile of');
  return low + (high - low) * (at - Math.floor(at));
}

/** Ratios by name. */
export type Ratios = ReadonlyMap<string, number>;

/** A ratio that is worse than it was. */
export interface Worse {
  readonly name: string;
  readonly before: number;
  readonly now: number;
}

/** A ratio may become this much worse. */
export const TOLERANCE = 0.15;

/** The ratios that are more than {@link TOLERANCE} above the baseline. What the baseline does not know is not judged. */
export function worseThan(baseline: Ratios, now: Ratios): Worse[] {
  return [...now].flatMap(([name, value]) => {
    const before = baseline.get(name);
    return before !== undefined && value > before * (1 + TOLERANCE) ? [{ name, before, now: value }] : [];
  });
}

/** The lowest of each ratio in several runs, among those that every run has: noise spoils some runs, slower code spoils all of them. */
export function lowest(runs: readonly Ratios[]): Ratios {
  const [first = new Map<string, number>()] = runs;
  const values = [...first.keys()].map((name) => [name, runs.flatMap((run) => run.get(name) ?? [])] as const);
  return new Map(values.filter(([, each]) => each.length === runs.length).map(([name, each]) => [name, Math.min(...each)]));
}
