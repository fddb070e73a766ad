import { readFileSync } from 'node:fs';
import { eventOf, type Payloads, sampleOf } from '../event.ts';
import { FIRST_OFFSET, iggyEvent } from '../iggy-event.ts';
import { context, importHandler } from './handler.ts';

/** Batches that come to one warm function. */
export interface LongRunJob {
  readonly source: 'kinesis' | 'iggy';
  readonly payloads: Payloads;
  readonly batches: number;
  /** They take turns; of Iggy there is one partition. */
  readonly shards: number;
}

/** What became of them. */
export interface LongRunResult {
  readonly records: number;
  /** Of each batch. */
  readonly microsPerRecord: readonly number[];
  /** The kernel's peak of the whole process. */
  readonly peakBytes: number;
}

const WARM_UPS = 10;

async function run(job: LongRunJob): Promise<LongRunResult> {
  const handler = await importHandler(process.env['BENCH_BUNDLE'] ?? '');
  const { rows, next } = eventsOf(job);
  const microsPerRecord: number[] = [];
  for (let turn = 0; turn < job.batches + WARM_UPS; turn++) {
    const event = next(turn);
    const started = performance.now();
    await handler(event, context);
    if (turn >= WARM_UPS) microsPerRecord.push(((performance.now() - started) * 1000) / rows);
  }
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return { records: job.batches * rows, microsPerRecord, peakBytes: Number(peak?.[1]) * 1024 };
}

function eventsOf({ source, payloads, shards }: LongRunJob): { readonly rows: number; readonly next: (turn: number) => object } {
  const sample = sampleOf(payloads);
  const { rows } = sample;
  if (source === 'iggy') {
    const lines = sample.body.toString('utf8').trimEnd().split('\n');
    // A run's offsets begin where those of the run before have surely ended.
    const first = FIRST_OFFSET + (Math.floor(Date.now() / 100) % 1e9) * 1_000;
    return { rows, next: (turn) => iggyEvent(lines, first + turn * rows) };
  }
  const shard = Math.floor(Math.random() * 1e11);
  return { rows, next: (turn) => eventOf(sample, shard + (turn % shards), turn) };
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as LongRunJob)));
process.exit(0);
