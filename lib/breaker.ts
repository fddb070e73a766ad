import type { Clock } from './clock.ts';
import { type Millis, millis } from './units.ts';

/** Remembers, for as long as the process is warm, which tables do not take loads, so that waiting for them costs milliseconds. */
export interface Breaker {
  /** Whether a load may be tried. */
  admits(target: string): boolean;
  failed(target: string): void;
  succeeded(target: string): void;
}

/** Failing invocations in a row before the breaker opens: one or two are what a restart of Doris costs. */
const FAILURES_TO_OPEN = 3;
const FIRST_PAUSE = millis(1_000);
const LONGEST_PAUSE = millis(30_000);

interface Trouble {
  readonly failures: number;
  readonly until: Millis;
}

/** A breaker in memory. Pauses double from 1 s to 30 s and are cut by up to half at random, so that shards do not return together. */
export function memoryBreaker(clock: Clock): Breaker {
  const troubles = new Map<string, Trouble>();
  return {
    admits: (target) => (troubles.get(target)?.until ?? 0) <= clock.elapsed(),
    failed: (target) => {
      const failures = (troubles.get(target)?.failures ?? 0) + 1;
      troubles.set(target, { failures, until: millis(clock.elapsed() + pauseAfter(failures, clock.random())) });
    },
    succeeded: (target) => {
      troubles.delete(target);
    },
  };
}

/** @param random - in [0, 1). */
export function pauseAfter(failures: number, random: number): Millis {
  if (failures < FAILURES_TO_OPEN) return millis(0);
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - FAILURES_TO_OPEN));
  return millis(pause * (1 - random / 2));
}
