import type { ListedOutage } from '../../lib/ledger/listing.ts';
import type { Outage } from '../../lib/ledger/outage.ts';
import { spanText } from '../../lib/span-text.ts';
import { isoTime } from '../words.ts';

/** Why a table takes no loads, and since when. */
export interface OpenBreaker {
  readonly cause: Outage['cause'];
  /** What Doris said last. */
  readonly reason: string;
  readonly failures: number;
  readonly openForMs: number;
  readonly pausedUntil: string;
}

/** What `status` shows of an outage; `null` where there is none. */
export function breakerOf(listed: ListedOutage | undefined, now: number): OpenBreaker | null {
  if (listed === undefined) return null;
  const { cause, reason, failures, since, until } = listed.outage;
  return { cause, reason, failures, openForMs: Math.max(0, now - since), pausedUntil: isoTime(until) };
}

/** The same as a sentence, with what to do. */
export function breakerText({ outage }: ListedOutage, now: number): string {
  const { cause, reason, failures, since, phase, until } = outage;
  const next =
    phase === 'probe' ? 'one load is trying it now' : `the next load tries it${until > now ? ` in ${spanText(until - now)}` : ''}`;
  const said = reason === '' ? '' : `: ${reason}`;
  return `the breaker is open for ${spanText(Math.max(0, now - since))}: ${cause} after ${failures === 1 ? '1 failure' : `${failures} failures`}${said}; ${next}. ${TO_DO[cause]}`;
}

const TO_DO = {
  'fuse-blown':
    'Nothing is dead-lettered. Correct the producer or the column (doctor --sample shows which), then the shard goes on by itself',
  'rejected-config': 'Run doctor',
  overload: 'Doris needs fewer or larger loads, or time to compact',
  unavailable: 'Run doctor',
  running: 'Wait: an earlier load has not ended',
  unknown: 'Run doctor, and explain-label for the claim',
} as const satisfies Record<Outage['cause'], string>;
