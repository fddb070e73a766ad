import { parseArguments, wholeNumber } from '../arguments.ts';

/** What `npm start` is asked to do. */
export interface DemoOptions {
  /** Flights to send; with `input`, lines to send at most. */
  readonly records: number;
  /** A file of newline-delimited JSON to send in place of the flights. */
  readonly input?: string;
  /** The statement that makes the table for `input`. */
  readonly createTable?: string;
  /** By which way the data goes; `both`: flights over Kinesis, earthquakes over Iggy. */
  readonly source: 'both' | 'kinesis' | 'iggy';
  readonly shards: number;
  readonly faults: boolean;
  readonly keepRunning: boolean;
  readonly seed: number;
  readonly help: boolean;
}

export const USAGE = `usage: npm start -- [options]

  --records N          flights to send, 1 to 3000000 (default 200000)
  --input FILE         send this file of newline-delimited JSON instead of the flights; needs --create-table
  --create-table FILE  SQL file with one Doris CREATE TABLE statement for --input
  --source SOURCE      kinesis, iggy, or both: flights over Kinesis and earthquakes over Iggy, http_sink and SQS (default both;
                       with --input kinesis)
  --shards N           shards of the stream, 1 to 16 (default 4)
  --faults             restart Doris, lose replies, kill functions and deliver batches again while it runs; the result must be the same
  --seed N             seed of those faults (default 1)
  --keep-running       leave everything up afterwards and print the endpoints; Ctrl-C ends it. Tables of the demo have position columns then
  --help               this text

exit code: 0 every row arrived once, 1 something is lost, doubled, dead-lettered without being poison of the demo, or does not get on,
2 wrong arguments or files that cannot be used`;

/** @throws {RangeError} in one sentence that names the argument, its value and what is allowed. */
export function readOptions(argv: readonly string[]): DemoOptions {
  const values = parseArguments(argv, {
    records: { type: 'string' },
    input: { type: 'string' },
    'create-table': { type: 'string' },
    source: { type: 'string' },
    shards: { type: 'string' },
    faults: { type: 'boolean' },
    seed: { type: 'string' },
    'keep-running': { type: 'boolean' },
    help: { type: 'boolean' },
  });
  if ((values.input === undefined) !== (values['create-table'] === undefined))
    throw new RangeError('--input and --create-table go together');
  return {
    records: wholeNumber('--records', values.records ?? '200000', 1, 3_000_000),
    source: sourceOf(values.source ?? (values.input === undefined ? 'both' : 'kinesis')),
    shards: wholeNumber('--shards', values.shards ?? '4', 1, 16),
    seed: wholeNumber('--seed', values.seed ?? '1', 0, 2 ** 31 - 1),
    faults: values.faults ?? false,
    keepRunning: values['keep-running'] ?? false,
    help: values.help ?? false,
    ...(values.input === undefined ? {} : { input: values.input }),
    ...(values['create-table'] === undefined ? {} : { createTable: values['create-table'] }),
  };
}

function sourceOf(text: string): DemoOptions['source'] {
  if (text === 'both' || text === 'kinesis' || text === 'iggy') return text;
  throw new RangeError(`--source must be kinesis, iggy or both (given ${text})`);
}
