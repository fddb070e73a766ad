import { readFileSync } from 'node:fs';
import { eventOf, type Payloads, sampleOf } from '../event.ts';
import { context, importHandler } from './handler.ts';

/** Batches that come to one warm function. */
export interface LongRunJob {
  readonly payloads: Payloads;
  readonly batches: number;
  /** They take turns. */
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

async function run({ payloads, batches, shards }: LongRunJob): Promise<LongRunResult> {
  const handler = await importHandler(process.env['BENCH_BUNDLE'] ?? '');
  const sample = sampleOf(payloads);
  const first = Math.floor(Math.random() * 1e11);
  const microsPerRecord: number[] = [];
  for (let n = -WARM_UPS; n < batches; n++) {
    const turn = n + WARM_UPS;
    const event = eventOf(sample, first + (turn % shards), turn);
    const started = performance.now();
    await handler(event, context);
    if (n >= 0) microsPerRecord.push(((performance.now() - started) * 1000) / sample.rows);
  }
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return { records: batches * sample.rows, microsPerRecord, peakBytes: Number(peak?.[1]) * 1024 };
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as LongRunJob)));
process.exit(0);
