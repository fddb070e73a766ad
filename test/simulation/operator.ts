import { isDecided } from '../../lib/ledger/checkpoint.ts';
import type { SharedLedger } from './ledger.ts';
import { reach } from './paths.ts';
import { ATTEMPT_GRACE, CLOCK_ERROR, EPOCH, type World } from './world.ts';

/**
 * Frees the shards that wait for a person, as the README says: asks the table for the rows of the claim, and writes what it found into the
 * ledger. Nothing is written while a loader may still put the load.
 */
export async function freeWaitingShards({ waiting, truth, scheduler, reached, trace }: World, shared: SharedLedger): Promise<void> {
  for (const [label, key] of waiting) {
    const { claim } = await shared.table.read(key);
    if (claim?.label !== label || isDecided(claim.state)) {
      waiting.delete(label);
      continue;
    }
    if (EPOCH + scheduler.now() < claim.deadline + ATTEMPT_GRACE + CLOCK_ERROR) continue;
    const stored = truth.isStoredUnsettled(label, () => true);
    reach(reached, stored ? 'operator-loaded' : 'operator-dropped');
    trace('operator', () => `${stored ? 'finds' : 'does not find'} the rows of ${label}`);
    const found = { ...claim, state: { kind: 'loaded' } } as const;
    await shared.move(key, { expect: { kind: 'holding', label: claim.label, fence: claim.fence }, ...(stored ? { claim: found } : {}) });
  }
}
