import type { Claim, ClaimState } from '../ledger/checkpoint.ts';
import type { LoadMode } from '../ports.ts';
import type { Run } from './run.ts';

/**
 * What a mode of loading means for a claim: in which state it is written before the first attempt. Everything else follows from the state,
 * so that a claim is resolved as it was made, whatever the mode is by then.
 *
 * `labelled`: the label tells what became of the load.
 *
 *     ledger:  claim k (open) ──────► settle k + claim k+1 (open)
 *     Doris:            PUT k, visible
 *
 * `two-phase`: one write more. The note is Doris's permission to show the rows, and only the holder of the claim can write it.
 *
 *     ledger:  claim k (unseen) ───────────────► note k (open) ─────────► settle k + claim k+1 (unseen)
 *     Doris:            PUT k, precommitted              commit k, visible
 *
 * | crash                 | claim    | label                    | next delivery                                                   |
 * |-----------------------|----------|--------------------------|-----------------------------------------------------------------|
 * | before the PUT        | `unseen` | UNKNOWN                  | loads it: nothing can be visible, even if labels were forgotten |
 * | during the PUT        | `unseen` | PREPARE, ABORTED         | waits for the end; loads it                                     |
 * | before the note       | `unseen` | PRECOMMITTED             | notes and commits it, with or without its records at hand       |
 * | before the commit     | `open`   | PRECOMMITTED             | commits it                                                      |
 * | after the commit      | `open`   | COMMITTED, VISIBLE       | settles it                                                      |
 * | more than 3600 s pass | any      | ABORTED by Doris         | loads it                                                        |
 * | label forgotten       | `open`   | UNKNOWN                  | as in `labelled`: proof, or the table, or `onUnverifiable`      |
 *
 * `group-commit-may-duplicate`: nothing tells, so a load in doubt is put again.
 *
 *     ledger:  claim k (unlabelled) ──────► settle k + claim k+1 (unlabelled)
 *     Doris:            PUT k, in a transaction with others
 */
const WRITTEN: Readonly<Record<LoadMode, ClaimState>> = {
  labelled: { kind: 'open' },
  'two-phase': { kind: 'unseen' },
  'group-commit-may-duplicate': { kind: 'unlabelled' },
};

/** The state of a new claim. */
export function stateOfNew({ ports }: Run): ClaimState {
  return WRITTEN[ports.doris.mode];
}

/** A claim that another invocation, perhaps in another mode, has left: what that one may have stored stays in doubt. */
export function inherited(run: Run, claim: Claim): Claim {
  const state = stateOfNew(run);
  if (claim.state.kind === 'unseen') return { ...claim, state, claimedAt: run.ports.clock.now() };
  return state.kind === 'unlabelled' ? { ...claim, state } : claim;
}
