import { parseArguments, readOrExplain, wholeNumber } from '../../local/arguments.ts';
import { FAULTS, type FaultKind, kindOf, QUEUE_FAULTS, STREAM_FAULTS } from './faults.ts';
import type { Life, Simulate } from './life.ts';
import { PATHS, type Path, QUEUE_PATHS, type Reached, reach, STREAM_PATHS } from './paths.ts';
import { tellFailure } from './shrink.ts';
import { simulate } from './simulate.ts';
import { simulateQueue } from './sqs/simulate.ts';

/** A life to live, and what may happen in it. */
interface Source {
  readonly simulate: Simulate;
  readonly kinds: readonly FaultKind[];
  readonly paths: readonly Path[];
}

/** What carries the records. */
const SOURCES: Readonly<Record<'kinesis' | 'iggy', Source>> = {
  kinesis: { simulate, kinds: STREAM_FAULTS, paths: STREAM_PATHS },
  iggy: { simulate: simulateQueue, kinds: QUEUE_FAULTS, paths: QUEUE_PATHS },
};

interface Options {
  readonly seeds: number;
  readonly first: number;
  readonly source: keyof typeof SOURCES;
  readonly help: boolean;
}

const USAGE = `usage: npm run simulate -- [options]

  --source S  kinesis (default), or iggy: messages of http_sink in an SQS queue
  --seeds N   lives to live through, 1 to 1000000000 (default 1000)
  --seed N    the first seed, 0 to 1000000000 (default 1)
  --help      this text

exit code: 0 every promise kept, 1 one is broken (its trace is printed) or 10,000 seeds never came somewhere, 2 wrong arguments`;

function readOptions(argv: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const values = parseArguments(argv, { source: text, seeds: text, seed: text, help: { type: 'boolean' } });
  return {
    seeds: wholeNumber('--seeds', values.seeds ?? '1000', 1, 1_000_000_000),
    first: wholeNumber('--seed', values.seed ?? '1', 0, 1_000_000_000),
    source: sourceOf(values.source ?? 'kinesis'),
    help: values.help ?? false,
  };
}

function sourceOf(text: string): Options['source'] {
  if (text === 'kinesis' || text === 'iggy') return text;
  throw new RangeError(`--source must be kinesis or iggy (given ${text})`);
}

/** Lives through many seeds and says what came of it: `npm run simulate -- --seeds 1000 --seed 1`. */
async function main({ seeds, first, source }: Options): Promise<void> {
  const { simulate: live, paths } = SOURCES[source];
  const sums: Sums = { records: 0, invocations: 0, loads: 0, attempts: 0, struck: new Map(), reached: new Map() };
  const failed: Life[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const life = await live(seed);
    if (life.broken !== undefined) failed.push(life);
    add(sums, life);
  }
  for (const life of failed.slice(0, 3)) print(await tellFailure(life, live, ` --source ${source}`));
  print(
    `${seeds} seeds from ${first}: ${sums.records} records, ${sums.invocations} invocations, ${sums.loads} loads, ${sums.attempts} attempts`,
  );
  tellSums(sums, SOURCES[source]);
  print(failed.length === 0 ? 'lost 0, stored twice 0: every promise kept' : `promises broken by ${failed.map(({ seed }) => seed)}`);
  const missed = seeds < SEEDS_FOR_ALL_PATHS ? [] : paths.filter((path) => !sums.reached.has(path));
  if (missed.length > 0) print(`never reached, though it should be: ${missed.join(', ')}`);
  if (failed.length > 0 || missed.length > 0) process.exitCode = 1;
}

function tellSums({ reached, struck }: Sums, { kinds, paths }: Source): void {
  for (const path of paths) print(`${String(reached.get(path) ?? 0).padStart(9)} ${path}: ${PATHS[path]}`);
  for (const kind of kinds) print(`${String(struck.get(kind) ?? 0).padStart(9)} ${kind}: ${FAULTS[kind]}`);
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
