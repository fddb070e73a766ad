import { tellClaim } from '../../lib/settle/tell-claim.ts';
import type { SharedLedger } from './ledger.ts';
import { reach } from './paths.ts';
import { drawsOf } from './random.ts';
import { ATTEMPT_GRACE, CLOCK_ERROR, EPOCH, type World } from './world.ts';

/**
 * Frees the shards that wait for a person, as the README says: asks the table for the rows of the claim, and says what it found. Nothing is
 * said while a loader may still put the load.
 */
export async function freeWaitingShards(
  { scenario, waiting, truth, scheduler, reached, trace }: World,
  shared: SharedLedger,
): Promise<void> {
  for (const [label, key] of waiting) {
    const { claim } = await shared.table.read(key);
    if (claim?.label !== label || claim.state.kind !== 'open') {
      waiting.delete(label);
      continue;
    }
    if (EPOCH + scheduler.now() < claim.deadline + ATTEMPT_GRACE + CLOCK_ERROR) continue;
    const stored = truth.isStoredUnsettled(label, () => true);
    reach(reached, stored ? 'operator-stored' : 'operator-not-stored');
    trace('operator', () => `${stored ? 'finds' : 'does not find'} the rows of ${label}`);
    const random = drawsOf(scenario.seed, `operator at ${scheduler.now()}`);
    await tellClaim(shared, key, claim, stored ? 'stored' : 'not-stored', { random });
  }
}
