import type { Clock } from './clock.ts';
import type { Deadline } from './deadline.ts';
import type { Outage, OutageCause, OutageKey, Outages, OutageWrite } from './ledger/outage.ts';
import { drawNonce } from './nonce.ts';
import { FIRST_PAUSE, pauseAfter, returnAfter } from './pause.ts';
import type { SourceShard } from './source/record.ts';
import type { Telemetry } from './telemetry.ts';
import { epochMillis, type Millis, millis, seconds } from './units.ts';

/** One run on its way to one table. */
export interface Approach {
  readonly key: OutageKey;
  readonly source: SourceShard;
  /** Whether its records are so old that the table may be in trouble: then even a new process asks before its first load. */
  readonly late: boolean;
  readonly telemetry: Telemetry;
}

/** Lets the loads of one run through, and learns from them. */
export interface Gate {
  /** Whether a load that ends by the deadline may be tried now. */
  admits(deadline: Deadline): Promise<boolean>;
  /** The last load, or the question for its label, found the table in trouble. @param reason - what people are shown. */
  failed(cause: OutageCause, reason: string): void;
  /** The table works: it took rows, or refused some as bad. */
  succeeded(): void;
  /** Shares what was learned, and gives back a permission that was not used. The last call of a run. */
  leave(): Promise<void>;
}

/** What this process thinks of a table: `trusted` asks nobody, the other asks once `askAt` is over on the clock that never jumps. */
export type Standing = 'trusted' | { readonly failures: number; readonly askAt: Millis };

/** So far apart may be the clocks of two machines. */
const SKEW = seconds(2);
/** A prober that is killed keeps the others waiting no longer than this; one whose load hangs longer gets company. */
const LONGEST_PROBE = seconds(120);

interface Failure {
  readonly cause: OutageCause;
  readonly reason: string;
}

interface Passage {
  readonly approach: Approach;
  readonly clock: Clock;
  readonly standings: Map<string, Standing>;
  readonly outages: Outages;
  /** The outage that this run may probe. */
  probe?: Outage | undefined;
  /** By what it asks for that: the ledger may have given the permission, and its reply may be lost. */
  fence?: number | undefined;
  learned?: Failure | 'success' | undefined;
}

/** The gate of one run. `standings` outlives it: what the process thinks of each table. */
export function openGate(passage: Passage): Gate {
  return {
    admits: async (deadline) => {
      await share(passage);
      if (passage.probe !== undefined) return true;
      const standing = standingOf(passage);
      return standing === 'trusted' || (standing.askAt <= passage.clock.elapsed() && (await askToProbe(passage, deadline)));
    },
    failed: (cause, reason) => {
      passage.learned = { cause, reason };
    },
    succeeded: () => {
      passage.learned = 'success';
    },
    leave: async () => {
      await share(passage);
      await giveBack(passage);
    },
  };
}

function standingOf({ approach: { key, late }, standings }: Passage): Standing {
  return standings.get(key.target) ?? (late ? { failures: 0, askAt: millis(0) } : 'trusted');
}

function failuresOf(passage: Passage): number {
  const standing = standingOf(passage);
  return standing === 'trusted' ? 0 : standing.failures;
}

function trust({ approach: { key }, standings }: Passage): void {
  standings.set(key.target, 'trusted');
}

function doubt({ approach: { key }, clock, standings }: Passage, failures: number, wait: Millis): void {
  standings.set(key.target, { failures, askAt: millis(clock.elapsed() + wait) });
}

async function askToProbe(passage: Passage, deadline: Deadline): Promise<boolean> {
  const { approach, clock, outages } = passage;
  const now = clock.now();
  const fence = passage.fence ?? drawNonce(clock);
  passage.fence = fence;
  const lease = millis(Math.min(LONGEST_PROBE, deadline.remaining() + SKEW));
  const reply = await outages.write(approach.key, { kind: 'probe', now, until: epochMillis(now + lease), fence });
  if (reply.kind === 'none') {
    if (failuresOf(passage) === 0) trust(passage);
    return true;
  }
  if (reply.outage.fence !== fence) {
    doubt(passage, failuresOf(passage), timeToReturn(passage, reply.outage));
    return false;
  }
  passage.probe = reply.outage;
  doubt(passage, failuresOf(passage), lease);
  tell(passage, 'breaker-probe', reply.outage);
  return true;
}

/** Tells the others what the last load showed. */
async function share(passage: Passage): Promise<void> {
  const { learned, probe } = passage;
  if (learned === undefined) return;
  passage.learned = undefined;
  passage.probe = undefined;
  passage.fence = undefined;
  await (learned === 'success' ? shareSuccess(passage, probe) : shareFailure(passage, probe, learned));
}

async function shareSuccess(passage: Passage, probe: Outage | undefined): Promise<void> {
  trust(passage);
  if (probe === undefined) return;
  await passage.outages.clear(passage.approach.key);
  tell(passage, 'breaker-closed', probe);
}

/**
 * The first failures of a process are its own affair. Once an outage is written down, only failures of probes make its pauses longer: a
 * hundred shards that fail at once have seen one trouble.
 */
async function shareFailure(passage: Passage, probe: Outage | undefined, { cause, reason }: Failure): Promise<void> {
  const { approach, clock, outages } = passage;
  const failures = (probe?.failures ?? failuresOf(passage)) + 1;
  const pause = Math.max(probe === undefined ? 0 : FIRST_PAUSE, pauseAfter(cause, failures));
  if (pause === 0) return doubt(passage, failures, millis(0));
  const now = clock.now();
  const until = epochMillis(now + pause);
  const outage: Outage = { cause, reason, failures, since: probe?.since ?? now, phase: 'pause', until, fence: drawNonce(clock) };
  const wanted: OutageWrite = probe === undefined ? { kind: 'open', outage } : { kind: 'report', of: probe.fence, outage };
  const reply = await outages.write(approach.key, wanted);
  // Nothing is there any more: somebody's load succeeded while this one failed.
  if (reply.kind === 'none') return doubt(passage, 1, millis(0));
  doubt(passage, failures, timeToReturn(passage, reply.outage));
  if (probe === undefined && reply.outage.fence === outage.fence) tell(passage, 'breaker-opened', outage);
}

/** A run that came to no load has learned nothing about the table: the next one may ask at once. */
async function giveBack(passage: Passage): Promise<void> {
  const { approach, clock, outages, probe } = passage;
  if (probe === undefined) return;
  passage.probe = undefined;
  doubt(passage, failuresOf(passage), millis(0));
  const outage: Outage = { ...probe, phase: 'pause', until: clock.now(), fence: drawNonce(clock) };
  await outages.write(approach.key, { kind: 'report', of: probe.fence, outage });
}

/** While a probe runs, its end is near; and a pause that was written by a wrong clock is no longer than any other. */
function timeToReturn({ clock }: Passage, { cause, failures, phase, until }: Outage): Millis {
  const pause = pauseAfter(cause, failures);
  const left = phase === 'probe' ? FIRST_PAUSE : Math.min(pause + SKEW, Math.max(0, until - clock.now()));
  return millis(left + returnAfter(pause, clock.random()));
}

function tell(
  { approach: { key, source, telemetry }, clock }: Passage,
  kind: 'breaker-opened' | 'breaker-probe' | 'breaker-closed',
  outage: Outage,
) {
  const { cause, failures, since } = outage;
  const pause = pauseAfter(cause, failures);
  telemetry.record({ kind, source, target: key.target, cause, failures, pause, lasted: millis(Math.max(0, clock.now() - since)) });
}
