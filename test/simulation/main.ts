import { parseArguments, readOrExplain, wholeNumber } from '../../local/arguments.ts';
import { FAULT_KINDS, FAULTS, type FaultKind, kindOf } from './faults.ts';
import type { Life } from './life.ts';
import { ALL_PATHS, PATHS, type Reached, reach } from './paths.ts';
import { tellFailure } from './shrink.ts';
import { simulate } from './simulate.ts';

interface Options {
  readonly seeds: number;
  readonly first: number;
  readonly help: boolean;
}

const USAGE = `usage: npm run simulate -- [options]

  --seeds N  lives to live through, 1 to 1000000000 (default 1000)
  --seed N   the first seed, 0 to 1000000000 (default 1)
  --help     this text

exit code: 0 every promise kept, 1 one is broken (its trace is printed) or 10,000 seeds never came somewhere, 2 wrong arguments`;

function readOptions(argv: readonly string[]): Options {
  const values = parseArguments(argv, { seeds: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } });
  return {
    seeds: wholeNumber('--seeds', values.seeds ?? '1000', 1, 1_000_000_000),
    first: wholeNumber('--seed', values.seed ?? '1', 0, 1_000_000_000),
    help: values.help ?? false,
  };
}

/** Lives through many seeds and says what came of it: `npm run simulate -- --seeds 1000 --seed 1`. */
async function main({ seeds, first }: Options): Promise<void> {
  const sums: Sums = { records: 0, invocations: 0, loads: 0, attempts: 0, struck: new Map(), reached: new Map() };
  const failed: Life[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const life = await simulate(seed);
    if (life.broken !== undefined) failed.push(life);
    add(sums, life);
  }
  for (const life of failed.slice(0, 3)) print(await tellFailure(life, simulate));
  print(
    `${seeds} seeds from ${first}: ${sums.records} records, ${sums.invocations} invocations, ${sums.loads} loads, ${sums.attempts} attempts`,
  );
  tellSums(sums);
  print(failed.length === 0 ? 'lost 0, stored twice 0: every promise kept' : `promises broken by ${failed.map(({ seed }) => seed)}`);
  const missed = seeds < SEEDS_FOR_ALL_PATHS ? [] : ALL_PATHS.filter((path) => !sums.reached.has(path));
  if (missed.length > 0) print(`never reached, though it should be: ${missed.join(', ')}`);
  if (failed.length > 0 || missed.length > 0) process.exitCode = 1;
}

function tellSums({ reached, struck }: Sums): void {
  for (const path of ALL_PATHS) print(`${String(reached.get(path) ?? 0).padStart(9)} ${path}: ${PATHS[path]}`);
  for (const kind of FAULT_KINDS) print(`${String(struck.get(kind) ?? 0).padStart(9)} ${kind}: ${FAULTS[kind]}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** So many lives come everywhere. */
const SEEDS_FOR_ALL_PATHS = 10_000;

interface Sums {
  records: number;
  invocations: number;
  loads: number;
  attempts: number;
  readonly struck: Map<FaultKind, number>;
  readonly reached: Reached;
}

function add(sums: Sums, { records, figures, struck, reached }: Life): void {
  for (const [path, times] of reached) if (times > 0) reach(sums.reached, path, times);
  sums.records += records.length;
  sums.invocations += figures.invocations;
  sums.loads += figures.loads;
  sums.attempts += figures.attempts;
  for (const identity of struck) sums.struck.set(kindOf(identity), (sums.struck.get(kindOf(identity)) ?? 0) + 1);
}

const options = readOrExplain(() => readOptions(process.argv.slice(2)), USAGE);
if (options === undefined) process.exitCode = 2;
else if (options.help) print(USAGE);
else await main(options);
