import type { Checkpoint, Claim, Expectation, Settled } from '../ledger/checkpoint.ts';
import type { Label } from '../plan/label.ts';
import { nextInLine, type Piece } from '../plan/pieces.ts';
import { claimFor, type Held, writing, written } from './lease.ts';
import { reconcile } from './reconcile.ts';
import { factsOf, go, hasTime, lastPosition, type Run, recordsOf, type Step, targetOf } from './run.ts';

/** What a piece adds to the totals, its claim when Doris has just stored it, and its label when that was seen to be visible. */
interface Progress extends Settled {
  readonly stored?: Claim;
  readonly visible?: Label;
}

/**
 * Moves the watermark past a piece and claims the next one, in one write. A refused write means that it was done already (a lost reply, or
 * another invocation with the same records), or that the claim was taken over: the checkpoint tells.
 */
export async function advance(
  run: Run,
  piece: Piece,
  rest: readonly Piece[],
  expect: Expectation,
  { stored, visible, ...settled }: Progress,
): Promise<Step> {
  const through = lastPosition(piece.records);
  const work = nextInLine(rest);
  const next = nextClaim(run, work, visible);
  const result = await run.ports.ledger.move(run.key, { expect, through, routes: run.routes, settled, ...writing(next) });
  if (result.kind === 'moved' || written(result, next?.claim)) {
    if (visible !== undefined) run.ports.doris.settled(targetOf(run).database, visible);
    return go(work, next);
  }
  if (stored !== undefined && result.current.through !== through) tellLost(run, stored, result.current);
  return reconcile(run, result.current, recordsOf([piece, ...work]));
}

/** Somebody else settled or dropped the claim while Doris took its load: both may have stored its rows. */
function tellLost(run: Run, claim: Claim, current: Checkpoint): void {
  if (current.claim?.label === claim.label) return;
  run.ports.telemetry.record({ kind: 'claim-lost', ...factsOf(run, claim) });
}

/** Gives up the claim of a load that is to be loaded in parts for a claim of the first part. */
export async function descend(run: Run, parts: readonly Piece[], expect: Expectation): Promise<Step> {
  const work = nextInLine(parts);
  const next = nextClaim(run, work);
  const result = await run.ports.ledger.move(run.key, { expect, ...writing(next) });
  if (result.kind === 'moved' || written(result, next?.claim)) return go(work, next);
  return reconcile(run, result.current, recordsOf(work));
}

/** What will be held once the claim for the front of the work is written; nothing when it is not to be loaded now. The table has just answered. */
function nextClaim(run: Run, [next]: readonly Piece[], witness?: Label): Held | undefined {
  const claimable = next !== undefined && next.rows.length > 0 && hasTime(run);
  return claimable ? claimFor(run, next, witness) : undefined;
}
