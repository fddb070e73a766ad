import type { MappingEvent } from '../event-source-mapping/events.ts';
import type { DataSet } from './data-set.ts';
import { DATABASE, type Stack } from './stack.ts';

/** What is seen of a run while it lasts. */
export interface Progress {
  readonly observe: (event: MappingEvent) => void;
  /** Told how many records are on the stream. */
  readonly sent: (count: number) => void;
  figures(): { readonly invocations: number; readonly redelivered: number };
  stop(): void;
}

const EVERY_MS = 1000;

/** Prints a line every second: sent, loaded, invocations. On a terminal the line is rewritten in place. */
export function watchProgress(stack: Stack, sets: readonly DataSet[], out: NodeJS.WriteStream = process.stdout): Progress {
  let sent = 0;
  let invocations = 0;
  let redelivered = 0;
  let reporting = Promise.resolve();
  const started = performance.now();

  async function report(): Promise<void> {
    const counts = await Promise.all(sets.map(({ table }) => stack.doris.query(`SELECT COUNT(*) FROM ${table}`, DATABASE)));
    const loaded = counts.reduce((sum, { rows }) => sum + Number(rows[0]?.[0]), 0);
    const seconds = ((performance.now() - started) / 1000).toFixed(0).padStart(3);
    const line = `${seconds} s  sent ${sent.toLocaleString('en-US')}  loaded ${loaded.toLocaleString('en-US')}  invocations ${invocations}`;
    out.write(out.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  }

  const timer = setInterval(() => {
    reporting = reporting.then(report);
  }, EVERY_MS);

  return {
    observe(event) {
      if (event.kind === 'outcome') invocations++;
      if ((event.kind === 'batch' && event.failures > 0) || event.kind === 'bad-luck') redelivered++;
    },
    sent: (count) => {
      sent = count;
    },
    figures: () => ({ invocations, redelivered }),
    stop: () => clearInterval(timer),
  };
}
