import type { Clock } from './clock.ts';
import type { Deadline } from './deadline.ts';
import { type Approach, type Gate, openGate, type Standing } from './gate.ts';
import { inTime } from './in-time.ts';
import { LedgerUnavailable } from './ledger/checkpoint.ts';
import { memoryOutages, type OutageKey, type Outages, type OutageWrite } from './ledger/outage.ts';
import { type Millis, millis, seconds } from './units.ts';

/** Keeps loads from a table that takes none, so that waiting for it costs milliseconds, and lets one at a time find out. */
export interface Breaker {
  gate(approach: Approach): Gate;
  /** The same breaker, that waits for the ledger no longer than the deadline. */
  within(deadline: Deadline): Breaker;
}

/** The ledger is never waited for any longer than this: without it, every process decides alone. */
const PATIENCE = seconds(1);

/**
 * A breaker whose state every process of a loader shares. A process that has no reason to doubt a table asks nobody, so that the normal
 * path costs nothing. After a failure, and with late records at its start, it asks for the permission to probe: a single conditional write.
 */
export function sharedBreaker(shared: Outages, clock: Clock): Breaker {
  const standings = new Map<string, Standing>();
  const own = memoryOutages();
  const waiting = (patience: () => Millis): Breaker => ({
    gate: (approach) => openGate({ approach, clock, standings, outages: orAlone(shared, own, approach, { patience, clock }) }),
    within: (deadline) => waiting(() => millis(Math.min(PATIENCE, deadline.remaining()))),
  });
  return waiting(() => PATIENCE);
}

/** A breaker that knows what this process saw, and nothing else. */
export function memoryBreaker(clock: Clock): Breaker {
  return sharedBreaker(memoryOutages(), clock);
}

interface Waiting {
  readonly patience: () => Millis;
  readonly clock: Clock;
}

/** Without the ledger, what this process saw itself decides; nobody contests it there. */
function orAlone(shared: Outages, own: Outages, { source, key: { target }, telemetry }: Approach, { patience, clock }: Waiting): Outages {
  const late = () => new LedgerUnavailable('the ledger did not answer in time');
  const orElse = async <T>(ask: () => Promise<T>, alone: () => Promise<T>): Promise<T> => {
    try {
      return await inTime(ask, { within: patience(), clock, late });
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      telemetry.record({ kind: 'breaker-alone', source, target, reason: error.message });
      return await alone();
    }
  };
  const alone = async (key: OutageKey, wanted: OutageWrite) => {
    if (wanted.kind === 'probe') return await own.write(key, wanted);
    await own.clear(key);
    return await own.write(key, { kind: 'open', outage: wanted.outage });
  };
  return {
    write: (key, wanted) =>
      orElse(
        () => shared.write(key, wanted),
        () => alone(key, wanted),
      ),
    clear: async (key) => {
      await own.clear(key);
      await orElse(
        () => shared.clear(key),
        async () => {},
      );
    },
  };
}
