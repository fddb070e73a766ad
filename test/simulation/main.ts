import { parseArgs } from 'node:util';
import { FAULT_KINDS, FAULTS, type FaultKind, kindOf } from './faults.ts';
import { tellFailure } from './shrink.ts';
import { type Life, simulate } from './simulate.ts';

/** Lives through many seeds and says what came of it: `npm run simulate -- --seeds 1000 --seed 1`. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seeds: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } } });
  const seeds = wholeNumber('--seeds', values.seeds);
  const first = wholeNumber('--seed', values.seed);
  const sums: Sums = { records: 0, invocations: 0, loads: 0, attempts: 0, struck: new Map() };
  const failed: Life[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const life = await simulate(seed);
    if (life.broken !== undefined) failed.push(life);
    add(sums, life);
  }
  for (const life of failed.slice(0, 3)) print(await tellFailure(life));
  print(
    `${seeds} seeds from ${first}: ${sums.records} records, ${sums.invocations} invocations, ${sums.loads} loads, ${sums.attempts} attempts`,
  );
  for (const kind of FAULT_KINDS) print(`${String(sums.struck.get(kind) ?? 0).padStart(9)} ${kind}: ${FAULTS[kind]}`);
  print(failed.length === 0 ? 'lost 0, stored twice 0: every promise kept' : `promises broken by ${failed.map(({ seed }) => seed)}`);
  if (failed.length > 0) process.exitCode = 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

interface Sums {
  records: number;
  invocations: number;
  loads: number;
  attempts: number;
  readonly struck: Map<FaultKind, number>;
}

function add(sums: Sums, { records, figures, struck }: Life): void {
  sums.records += records.length;
  sums.invocations += figures.invocations;
  sums.loads += figures.loads;
  sums.attempts += figures.attempts;
  for (const identity of struck) sums.struck.set(kindOf(identity), (sums.struck.get(kindOf(identity)) ?? 0) + 1);
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name}: must be a whole number below 10^9 (given ${JSON.stringify(text)})`);
  return Number(text);
}

await main();
