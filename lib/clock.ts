import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EpochMillis, epochMillis, type Millis, millis } from './units.ts';

/** Time and chance, handed in so that tests own them. */
export interface Clock {
  /** Wall-clock time. May jump; use it only for times that leave the process. */
  now(): EpochMillis;
  /** Time since an arbitrary start. Never jumps back; use it for every span. */
  elapsed(): Millis;
  /** Resolves after the span; rejects with the signal's reason when that aborts first. */
  sleep(span: Millis, signal?: AbortSignal): Promise<void>;
  /** Calls back once, after the span. @returns what calls it off. */
  alarm(span: Millis, ring: () => void): () => void;
  /** Uniform in [0, 1). */
  random(): number;
}

/** The machine's own clock and generator. */
export const systemClock: Clock = {
  now: () => epochMillis(Date.now()),
  elapsed: () => millis(performance.now()),
  sleep: async (span, signal) => {
    try {
      await sleep(span, undefined, signal ? { signal } : {});
    } catch (error) {
      // Node rejects with an AbortError of its own and hides the reason in its cause.
      signal?.throwIfAborted();
      throw error;
    }
  },
  alarm: (span, ring) => {
    const timer = setTimeout(ring, span);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
