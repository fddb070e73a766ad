import { setTimeout as sleep } from 'node:timers/promises';
import type { MappingEvent } from '../event-source-mapping/events.ts';
import type { DataSet } from './data-set.ts';
import { DATABASE, type Stack } from './stack.ts';

/** What is seen of a run while it lasts. */
export interface Progress {
  readonly observe: (event: MappingEvent) => void;
  /** Told how many records are on the stream. */
  readonly sent: (count: number) => void;
  figures(): { readonly invocations: number; readonly redelivered: number };
  /** Nothing is asked or written afterwards. */
  stop(): Promise<void>;
}

/** Where progress is written: a terminal says how wide it is. */
type ProgressOutput = Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number };

const EVERY_MS = { terminal: 500, file: 5000 } as const;

/** What is not in the stack itself. */
interface ProgressOptions {
  readonly out?: ProgressOutput;
  /** Why records stayed, when the function said so. */
  readonly why?: () => string | undefined;
}

/**
 * Says how far the run is: on a terminal in one line that is rewritten, elsewhere in a new line every five seconds. While no row more is
 * there, it says why.
 */
export function watchProgress(
  { doris }: Pick<Stack, 'doris'>,
  sets: readonly Pick<DataSet, 'table'>[],
  { out = process.stdout, why = () => undefined }: ProgressOptions = {},
): Progress {
  let sent = 0;
  let invocations = 0;
  let redelivered = 0;
  let loadedBefore = 0;
  const started = performance.now();
  const stopping = new AbortController();

  async function report(): Promise<void> {
    const counts = await Promise.all(sets.map(({ table }) => doris.query(`SELECT COUNT(*) FROM \`${table}\``, DATABASE)));
    const loaded = counts.reduce((sum, { rows }) => sum + Number(rows[0]?.[0]), 0);
    const waits = loaded === loadedBefore ? why() : undefined;
    loadedBefore = loaded;
    const counted = progressLine((performance.now() - started) / 1000, { sent, loaded, invocations });
    const line = waits === undefined ? counted : `${counted}  waiting: ${waits}`;
    out.write(out.isTTY ? `${REWRITE}${line.slice(0, (out.columns ?? 80) - 1)}` : `${line}\n`);
  }

  async function reportUntilStopped(): Promise<void> {
    const pause = EVERY_MS[out.isTTY ? 'terminal' : 'file'];
    const passed = () => sleep(pause, true, { signal: stopping.signal }).catch(() => false);
    while (await passed()) await report();
    if (out.isTTY) out.write(REWRITE);
  }

  const reporting = reportUntilStopped();
  return {
    observe(event) {
      if (event.kind === 'outcome') invocations++;
      if ((event.kind === 'batch' && event.failures > 0) || event.kind === 'bad-luck') redelivered++;
    },
    sent: (count) => {
      sent = count;
    },
    figures: () => ({ invocations, redelivered }),
    stop: () => {
      stopping.abort();
      return reporting;
    },
  };
}

/** To the start of the line, and away with what stands there. */
const REWRITE = '\r\u001b[K';

function progressLine(seconds: number, counts: Readonly<Record<'sent' | 'loaded' | 'invocations', number>>): string {
  const named = Object.entries(counts).map(([name, count]) => `${name} ${count.toLocaleString('en-US')}`);
  return [`${seconds.toFixed(0).padStart(3)} s`, ...named].join('  ');
}
