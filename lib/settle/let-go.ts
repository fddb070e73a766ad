import { type Claim, type Expectation, LedgerUnavailable } from '../ledger/checkpoint.ts';
import { epochMillis } from '../units.ts';
import { type Held, type Run, SHORTEST_LOAD, type Step, sharedFor, stop } from './run.ts';

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
export async function letGo(run: Run, held: Held, knowledge: Knowledge, reason: string): Promise<Step> {
  const certain = knowledge === 'refused' || (knowledge === 'idle' && !held.replay);
  try {
    await run.ports.ledger.move(run.key, { expect: mine(held), ...(certain ? {} : { claim: unleased(run, held, knowledge) }) });
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
  }
  return stop(reason);
}

/**
 * Waits until nobody else may start an attempt under the claim's label, with this invocation's own lease given back first: when it dies
 * waiting, its successor waits for the rest only. False when this invocation ends before that, or somebody took the claim over.
 */
export async function outlastOthers(run: Run, held: Held): Promise<boolean> {
  const shared = sharedFor(run, held.sharedUntil);
  if (shared === 0) return true;
  if (shared + SHORTEST_LOAD > run.deadline.remaining()) return false;
  const result = await run.ports.ledger.move(run.key, { expect: mine(held), claim: unleased(run, held, 'idle') });
  if (result.kind === 'refused') return false;
  await run.ports.clock.sleep(shared);
  return true;
}

function mine({ claim }: Held): Expectation {
  return { kind: 'holding', label: claim.label, epoch: claim.epoch };
}

function unleased(run: Run, { claim, sharedUntil }: Held, knowledge: Knowledge): Claim {
  return { ...claim, deadline: epochMillis(Math.max(sharedUntil ?? 0, knowledge === 'in doubt' ? run.ports.clock.now() : 0)) };
}
