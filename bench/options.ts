import { parseArgs } from 'node:util';
import { BENCHES, type BenchName } from './benches.ts';
import { TOLERANCE } from './judge.ts';

/** What `npm run bench` is asked to do. */
export interface BenchOptions {
  readonly names: readonly BenchName[];
  /** What becomes of the ratios: they are compared with the baseline, or become the new one. */
  readonly verdict: 'none' | 'check' | 'update';
  readonly help: boolean;
}

const NAMES = Object.keys(BENCHES) as BenchName[];

export const USAGE = `usage: npm run bench -- [BENCH ...] [options]

  BENCH     ${NAMES.join(', ')}; default: all of them
  --check   compare the ratios with bench/baseline.json
  --update  write them there
  --help    this text

BENCH_NODE names another Node for what is measured; default: the one that runs this.
exit code: 0, 1 a ratio is more than ${TOLERANCE * 100} % worse than the baseline in each of three runs, 2 wrong arguments`;

/** @throws {RangeError} in one sentence that names the argument and what is allowed. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parsed(argv);
  if (values.check && values.update) throw new RangeError('--check and --update exclude each other');
  return {
    names: positionals.length === 0 ? NAMES : positionals.map(benchName),
    verdict: values.check ? 'check' : values.update ? 'update' : 'none',
    help: values.help ?? false,
  };
}

function parsed(argv: readonly string[]) {
  const options = { check: { type: 'boolean' }, update: { type: 'boolean' }, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw new RangeError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function benchName(text: string): BenchName {
  const name = NAMES.find((known) => known === text);
  if (name === undefined) throw new RangeError(`a bench must be one of ${NAMES.join(', ')} (given ${text})`);
  return name;
}
