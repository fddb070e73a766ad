import { type EpochMillis, type Millis, seconds } from '../units.ts';

/** Names what is known of one table. Loaders that share a ledger table do not share it. */
export interface OutageKey {
  /** The label prefix. */
  readonly loader: string;
  /** `database.table`. */
  readonly target: string;
}

/** Why a table took no load. */
export type OutageCause = 'unavailable' | 'overload' | 'running' | 'unknown' | 'rejected-config' | 'fuse-blown';

/** A table that took no load when it was tried last. */
export interface Outage {
  readonly cause: OutageCause;
  /** What Doris said last, for people. Empty where an earlier version of the loader wrote it down. */
  readonly reason: string;
  /** Loads that failed one after the other, each of them tried alone; at least 1. */
  readonly failures: number;
  /** When it was written down first. */
  readonly since: EpochMillis;
  /** `pause`: nobody tries before `until`. `probe`: somebody tries now, and is taken for dead after `until`. */
  readonly phase: 'pause' | 'probe';
  readonly until: EpochMillis;
  /** Drawn at random for every write, so that a writer knows its own again after a lost reply. */
  readonly fence: number;
}

/**
 * One atomic step.
 * - `open`: writes an outage down when none is known.
 * - `probe`: takes the permission to try one load, when an outage is known and its `until` has come.
 * - `report`: writes down how a probe ended, while the outage is as the probe with fence `of` left it.
 */
export type OutageWrite =
  | { readonly kind: 'open'; readonly outage: Outage }
  | { readonly kind: 'probe'; readonly now: EpochMillis; readonly until: EpochMillis; readonly fence: number }
  | { readonly kind: 'report'; readonly of: number; readonly outage: Outage };

/** What is there after a step: one's own, somebody else's, or no outage. */
export type OutageReply = { readonly kind: 'written' | 'refused'; readonly outage: Outage } | { readonly kind: 'none' };

/** Keeps outages where every process of a loader finds them. Each call is one atomic, strongly consistent step. */
export interface Outages {
  /** @throws {LedgerUnavailable} */
  write(key: OutageKey, wanted: OutageWrite): Promise<OutageReply>;
  /** The table takes loads. Clearing twice, or late, costs a probe and nothing else. @throws {LedgerUnavailable} */
  clear(key: OutageKey): Promise<void>;
}

/** No pause and no probe is written down for that long: what lies further ahead was written by a clock that was wrong. */
export const FARTHEST: Millis = seconds(300);

/** Whether a step may happen: the rule that every store of outages implements. */
function allowsWrite(current: Outage | undefined, wanted: OutageWrite): boolean {
  switch (wanted.kind) {
    case 'open':
      return current === undefined;
    case 'probe':
      return current !== undefined && (current.until <= wanted.now || current.until > wanted.now + FARTHEST);
    case 'report':
      return current?.fence === wanted.of;
    default:
      return wanted satisfies never;
  }
}

/** Outages of this process alone. */
export function memoryOutages(): Outages {
  const outages = new Map<string, Outage>();
  return {
    write: async (key, wanted) => {
      const current = outages.get(nameOf(key));
      if (!allowsWrite(current, wanted)) return current === undefined ? { kind: 'none' } : { kind: 'refused', outage: current };
      const outage = afterWrite(current, wanted);
      if (outage === undefined) return { kind: 'none' };
      outages.set(nameOf(key), outage);
      return { kind: 'written', outage };
    },
    clear: async (key) => {
      outages.delete(nameOf(key));
    },
  };
}

function nameOf({ loader, target }: OutageKey): string {
  return `${loader}#${target}`;
}

function afterWrite(current: Outage | undefined, wanted: OutageWrite): Outage | undefined {
  if (wanted.kind !== 'probe') return wanted.outage;
  return current && { ...current, phase: 'probe', until: wanted.until, fence: wanted.fence };
}
