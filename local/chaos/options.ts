import { parseArguments, wholeNumber } from '../arguments.ts';

/** What `npm run chaos` is asked to do. */
export interface ChaosOptions {
  /** How long records are sent while faults strike; draining comes on top. */
  readonly seconds: number;
  readonly seed: number;
  readonly shards: number;
  /** Records a second, all shards together. */
  readonly rate: number;
  /** `DORIS_LOAD_MODE` of the function: one that promises once. */
  readonly mode: 'labelled' | 'two-phase';
  readonly help: boolean;
}

export const USAGE = `usage: npm run chaos -- [options]

  --seconds N   how long records are sent while faults strike, 5 to 3600 (default 60)
  --seed N      seed of the script of faults (default 1)
  --shards N    shards of the stream before one of them is split, 1 to 8 (default 3)
  --rate N      records a second, 1 to 2000 (default 200)
  --mode M      how the function loads, labelled or two-phase (default labelled)
  --help        this text

exit code: 0 every record is in the table once or a dead letter with its reason, 1 something is lost, doubled, dead-lettered for
another reason or not settled in time, 2 wrong arguments`;

/** @throws {RangeError} in one sentence that names the argument, its value and what is allowed. */
export function readChaosOptions(argv: readonly string[]): ChaosOptions {
  const values = parseArguments(argv, {
    seconds: { type: 'string' },
    seed: { type: 'string' },
    shards: { type: 'string' },
    rate: { type: 'string' },
    mode: { type: 'string' },
    help: { type: 'boolean' },
  });
  return {
    seconds: wholeNumber('--seconds', values.seconds ?? '60', 5, 3600),
    seed: wholeNumber('--seed', values.seed ?? '1', 0, 2 ** 31 - 1),
    shards: wholeNumber('--shards', values.shards ?? '3', 1, 8),
    rate: wholeNumber('--rate', values.rate ?? '200', 1, 2000),
    mode: modeOf(values.mode ?? 'labelled'),
    help: values.help ?? false,
  };
}

function modeOf(text: string): ChaosOptions['mode'] {
  if (text === 'labelled' || text === 'two-phase') return text;
  throw new RangeError(`--mode must be labelled or two-phase (given ${text})`);
}
