import { readFileSync, writeFileSync } from 'node:fs';
import { freshEvent, sampleOf } from '../event.ts';
import { context, importHandler } from './handler.ts';

/** What is measured of one event, in bytes. */
export interface MemoryResult {
  readonly event: number;
  /** Peak above the process at rest that has the event already, parsed: what the loader adds. */
  readonly loader: number;
  /** Peak above the process at rest that has nothing: the runtime's copies of the event counted. */
  readonly whole: number;
}

type Handler = Awaited<ReturnType<typeof importHandler>>;

/**
 * The kernel's own peak (VmHWM), set back before: a handler that keeps the thread busy for tens of milliseconds lets no timer look at the
 * memory meanwhile, so samples would miss the peak.
 */
async function measure(handler: Handler, file: string): Promise<MemoryResult> {
  const atRest = idle();
  const text = readFileSync(file, 'utf8');
  const event = JSON.parse(text) as object;
  const read = idle();
  await handler(event, context);
  const peak = status('VmHWM');
  return { event: Buffer.byteLength(text), loader: peak - read, whole: peak - atRest };
}

/** One event after the other, by a function that has had a small one. */
async function measureAll(): Promise<readonly MemoryResult[]> {
  const { files } = JSON.parse(process.argv[2] ?? '') as { readonly files: readonly string[] };
  const handler = await importHandler(process.env['BENCH_BUNDLE'] ?? '');
  await handler(freshEvent(sampleOf({ kind: 'json', size: 340, most: 10 })), context);
  const results: MemoryResult[] = [];
  for (const file of files) results.push(await measure(handler, file));
  return results;
}

/** Resident bytes after a collection, from which on the kernel looks for the peak. */
function idle(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  writeFileSync('/proc/self/clear_refs', '5');
  return status('VmRSS');
}

function status(name: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(found?.[1]) * 1024;
}

process.stdout.write(JSON.stringify(await measureAll()));
process.exit(0);
