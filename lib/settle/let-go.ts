import { LedgerUnavailable } from '../ledger/checkpoint.ts';
import { epochMillis } from '../units.ts';
import { type Held, type Run, type Step, stop } from './run.ts';

/**
 * What this invocation knows when it lets go of a claim:
 * - `idle`: its own attempts, if any, surely stored nothing;
 * - `refused`: nothing at all is stored under the label, and nobody else may use it any more;
 * - `in doubt`: one of its attempts may still be stored.
 */
export type Knowledge = 'idle' | 'refused' | 'in doubt';

/**
 * Stops before a claim's load is settled. A claim without doubt is dropped, so that the next delivery may cut anew. Otherwise it stays, with
 * the note that this invocation starts no more attempts under it, so that the successor need not wait for its deadline.
 * A ledger that does not answer leaves the claim as it stands, which costs the successor time and nothing else.
 */
export async function letGo(run: Run, { claim, replay, sharedUntil }: Held, knowledge: Knowledge, reason: string): Promise<Step> {
  const certain = knowledge === 'refused' || (knowledge === 'idle' && !replay);
  const deadline = epochMillis(Math.max(sharedUntil ?? 0, knowledge === 'in doubt' ? run.ports.clock.now() : 0));
  const expect = { kind: 'holding', label: claim.label, epoch: claim.epoch } as const;
  try {
    await run.ports.ledger.move(run.key, { expect, ...(certain ? {} : { claim: { ...claim, deadline } }) });
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
  }
  return stop(reason);
}
