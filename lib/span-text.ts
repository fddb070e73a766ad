/** A span in the largest unit that keeps two digits: `840 ms`, `12 s`, `3.5 min`, `26 h`, `4 d`. */
export function spanText(milliseconds: number): string {
  const unit = UNITS.find(([, size]) => Math.abs(milliseconds) >= 1.5 * size) ?? (['ms', 1] as const);
  const [name, size] = unit;
  const value = milliseconds / size;
  return `${Math.abs(value) < 10 && size > 1 ? Number(value.toFixed(1)) : Math.round(value)} ${name}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;
