import { cpuMs } from '../cpu-time.ts';
import { context, importHandler } from './handler.ts';

/** Milliseconds of one cold start. */
export interface ColdStartResult {
  /** From the start of the process to its first line. */
  readonly boot: number;
  /** Import of the bundle, and an event without records, which reads the configuration and makes the clients. */
  readonly ready: number;
  /** The same two in processor time. */
  readonly bootCpu: number;
  readonly readyCpu: number;
}

const boot = performance.now();
const bootCpu = cpuMs();
const handler = await importHandler(process.env['BENCH_BUNDLE'] ?? '');
await handler({ Records: [] }, context);
const result: ColdStartResult = { boot, ready: performance.now() - boot, bootCpu, readyCpu: cpuMs() - bootCpu };
process.stdout.write(JSON.stringify(result));
process.exit(0);
