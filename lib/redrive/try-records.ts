import type { Clock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import type { DorisClient } from '../doris/client.ts';
import { grouped } from '../grouped.ts';
import { drawNonce } from '../nonce.ts';
import { bodyOf } from '../plan/body.ts';
import type { Label } from '../plan/label.ts';
import { targetName } from '../plan/route.ts';
import type { Target } from '../ports.ts';
import { type Fate, kept, type Ready } from './letters.ts';

/** What a trial needs. */
export interface Trial {
  /** In the mode `two-phase`. */
  readonly doris: DorisClient;
  readonly clock: Clock;
  readonly deadline: Deadline;
}

/**
 * Asks the tables themselves which rows they take: the rows are loaded in two phases, and dropped before the second. Nothing is ever visible.
 * @returns `loaded` for those that would be.
 */
export async function tryRecords(trial: Trial, records: readonly Ready[]): Promise<ReadonlyMap<Ready, Fate>> {
  const fates = new Map<Ready, Fate>();
  for (const group of grouped(records, ({ target }) => targetName(target))) {
    const [first] = group;
    if (first === undefined) continue;
    for (const [ready, fate] of await tryTable(trial, first.target, group)) fates.set(ready, fate);
  }
  return fates;
}

/** No row goes out before a load without rows was held back: where `two_phase_commit` is not heard, rows would be visible at once. */
async function tryTable(trial: Trial, target: Target, records: readonly Ready[]): Promise<readonly [Ready, Fate][]> {
  const fate = await tryOnce(trial, target, []);
  return fate.kind === 'loaded' ? await tryTogether(trial, target, records) : records.map((ready) => [ready, fate]);
}

async function tryTogether(trial: Trial, target: Target, records: readonly Ready[]): Promise<readonly [Ready, Fate][]> {
  const fate = await tryOnce(trial, target, records);
  if (fate.kind !== 'refused' || records.length === 1) return records.map((ready) => [ready, fate]);
  const middle = Math.ceil(records.length / 2);
  return [...(await tryTogether(trial, target, records.slice(0, middle))), ...(await tryTogether(trial, target, records.slice(middle)))];
}

async function tryOnce({ doris, clock, deadline }: Trial, target: Target, records: readonly Ready[]): Promise<Fate> {
  const label = `dry-run-${drawNonce(clock).toString(36)}-${clock.now()}` as Label;
  let taken = false;
  const outcome = await doris.load(
    {
      label,
      target,
      rows: records.length,
      body: [bodyOf(records.map(({ row }) => row))],
      mayPack: false,
      mayStart: async () => true,
      mayCommit: async () => {
        taken = true;
        return false;
      },
      inDoubt: false,
      wouldBeKnown: async () => 'certain',
    },
    deadline,
  );
  if (taken) {
    await doris.drop(target, label, deadline);
    return { kind: 'loaded', before: false };
  }
  if (outcome.kind === 'rejected-data') return { kind: 'refused', reason: outcome.rejection.reason };
  return kept('reason' in outcome ? `${outcome.kind}: ${outcome.reason}` : outcome.kind);
}
