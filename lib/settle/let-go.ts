import { deadlineIn } from '../deadline.ts';
import { type Claim, LedgerUnavailable } from '../ledger/checkpoint.ts';
import { epochMillis, millis } from '../units.ts';
import { fenced, type Held, sharedFor, tellInDoubt, unchanged, written } from './lease.ts';
import { type Run, SHORTEST_LOAD, type Step, stop } from './run.ts';

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
  if (!certain) tellInDoubt(run, held.claim);
  try {
    await run.ports.ledger.move(run.key, { expect: unchanged(held.claim), ...(certain ? {} : { claim: unleased(run, held, knowledge) }) });
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
  }
  return stop(reason);
}

/**
 * Waits until nobody else may start an attempt under the claim's label, with this invocation's own lease given back first: when it dies
 * waiting, its successor waits for the rest only.
 * @returns the claim, held alone from now on; nothing when this invocation ends before that, or somebody took the claim over.
 */
export async function outlastOthers(run: Run, held: Held): Promise<Held | undefined> {
  const shared = sharedFor(run, held.sharedUntil);
  if (shared + SHORTEST_LOAD > run.deadline.remaining()) return undefined;
  const claim = unleased(run, held, 'idle');
  const result = await run.ports.ledger.move(run.key, { expect: unchanged(held.claim), claim });
  if (!written(result, claim)) return undefined;
  await run.ports.clock.sleep(shared);
  return { claim, replay: held.replay, witness: held.witness, lease: deadlineIn(millis(0), run.ports.clock) };
}

function unleased(run: Run, { claim, sharedUntil }: Held, knowledge: Knowledge): Claim {
  return fenced(run, { ...claim, deadline: epochMillis(Math.max(sharedUntil ?? 0, knowledge === 'in doubt' ? run.ports.clock.now() : 0)) });
}
