import { readFileSync, writeFileSync } from 'node:fs';
import type { Figure } from './figure.ts';
import type { Ratios } from './judge.ts';

const FILE = new URL('baseline.json', import.meta.url);

/** What the baseline keeps of a bench's figures, under names that are unique among all benches. */
export function ratiosOf(bench: string, figures: readonly Figure[]): Ratios {
  return new Map(figures.filter(({ isKept }) => isKept).map(({ name, value }) => [`${bench}: ${name}`, value]));
}

/** The ratios of the committed baseline. */
export function readBaseline(): Ratios {
  return new Map(Object.entries(JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, number>));
}

/** Puts a bench's ratios in place of all that the baseline has of that bench. */
export function updateBaseline(bench: string, ratios: Ratios): void {
  const others = [...readBaseline()].filter(([name]) => !name.startsWith(`${bench}: `));
  const rounded = [...ratios].map(([name, value]) => [name, Number(value.toPrecision(3))] as const);
  const ordered = [...others, ...rounded].toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(ordered), null, 2)}\n`);
}
