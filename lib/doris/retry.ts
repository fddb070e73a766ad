import { type Millis, millis } from '../units.ts';

/** What a delay lets pass: a server's trouble, its pressure, or another transaction. */
export type Pressure = 'overload' | 'unavailable' | 'open-transaction';

// Overload is compaction and memory, which take seconds to recover; the others are a restart, a fail-over, a reply lost.
const SCHEDULE: Readonly<Record<Pressure, { readonly base: number; readonly cap: number }>> = {
  overload: { base: 2000, cap: 60_000 },
  unavailable: { base: 250, cap: 10_000 },
  'open-transaction': { base: 200, cap: 2000 },
};

/** Longest delay before try number `attempt + 1`; `attempt` counts from 1. */
export function longestDelay(pressure: Pressure, attempt: number): Millis {
  const { base, cap } = SCHEDULE[pressure];
  return millis(Math.min(cap, base * 2 ** (attempt - 1)));
}

/** The delay itself: exponential with full jitter, so that functions which failed together do not come back together. `random` in [0, 1). */
export function retryDelay(pressure: Pressure, attempt: number, random: number): Millis {
  return millis(Math.floor(random * longestDelay(pressure, attempt)));
}
