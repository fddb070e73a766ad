import { randomUUID } from 'node:crypto';
import type { Behaviour } from './behaviour.ts';
import type { Clock } from './clock.ts';

const LINES_KEPT = 50;
const LOGS_KEPT = 1000;
const TOO_MANY = `TOO MUCH ERROR! already reach ${LINES_KEPT}. show no more next error.`;

/** What ErrorURL points at (reference 7). */
export interface ErrorLogs {
  /** Keeps the lines of one load. @returns its file name for `/api/_load_error_log?file=` */
  keep(lines: readonly string[], badRows: number): string;
  /** `undefined` when there is no such log, or no more. */
  read(file: string): string | undefined;
}

/** Makes an empty store; it keeps the newest 1000 logs and none longer than `load_error_log_reserve_hours`. */
export function createErrorLogs(clock: Clock, behaviour: Behaviour): ErrorLogs {
  const logs = new Map<string, { readonly text: string; readonly keptAt: number }>();
  const expired = (keptAt: number): boolean => clock.now() - keptAt > behaviour.errorLogKeepMs;
  return {
    keep(lines, badRows) {
      const shown = lines.slice(0, LINES_KEPT);
      const text = [...shown, ...(badRows > LINES_KEPT ? [TOO_MANY] : [])].map((line) => `${line}\n`).join('');
      const id = randomUUID().replaceAll('-', '');
      const file = `__shard_0/error_log_insert_stmt_${id.slice(0, 16)}-${id.slice(16)}_${id.slice(0, 16)}_${id.slice(16)}`;
      logs.set(file, { text, keptAt: clock.now() });
      for (const [oldest, log] of logs) {
        if (logs.size <= LOGS_KEPT && !expired(log.keptAt)) break;
        logs.delete(oldest);
      }
      return file;
    },
    read(file) {
      const log = logs.get(file);
      return log === undefined || expired(log.keptAt) ? undefined : log.text;
    },
  };
}
