import { DeadLettersUnavailable } from '../dead-letter/letter.ts';
import { Contradicted, StoredOtherwise } from '../errors.ts';
import { type Claim, LedgerUnavailable } from '../ledger/checkpoint.ts';
import { bodyOf } from '../plan/body.ts';
import { CLEAN, learn, type Piece, poisonOf } from '../plan/pieces.ts';
import type { Load, LoadOutcome, Packing } from '../ports.ts';
import type { DecodedRecord } from '../source/record.ts';
import { millis } from '../units.ts';
import { advance } from './advance.ts';
import { deadLetterRows } from './dead-letter-rows.ts';
import { settleRejected } from './isolate.ts';
import { wouldBeKnown } from './label-memory.ts';
import { fenced, type Held, keepLease, present, sharedFor } from './lease.ts';
import { letGo } from './let-go.ts';
import { resolveUnverifiable } from './resolve.ts';
import { factsOf, type Run, recordsOf, type Step, stop, targetOf } from './run.ts';

/** Loads a piece under the claim that is held for it, and settles what can be settled by the outcome. */
export async function loadPiece(run: Run, piece: Piece, rest: readonly Piece[], claimed: Held): Promise<Step> {
  if (piece.origin === 'isolation' && ++run.tally.isolationLoads > run.rules.isolationLoads) {
    return letGo(
      run,
      claimed,
      'idle',
      `${run.rules.isolationLoads} loads were spent on finding bad rows; the rest comes with the next delivery`,
    );
  }
  const { outcome, held } = await load(run, piece, claimed);
  switch (outcome.kind) {
    case 'committed':
      run.gate.succeeded();
      return settleCommitted(run, piece, rest, held, outcome.how);
    case 'rejected-data':
      return settleRejected(run, piece, rest, held, outcome);
    case 'unverifiable':
      return settleUnverifiable(run, held, outcome, recordsOf([piece, ...rest]));
    case 'rejected-config':
    case 'overload':
    case 'unavailable':
    case 'running':
    case 'unknown':
      run.gate.failed(outcome.kind, outcome.reason);
      return letGo(
        run,
        held,
        outcome.kind === 'running' || outcome.kind === 'unknown' ? 'in doubt' : 'idle',
        `${outcome.kind}: ${outcome.reason}`,
      );
    default:
      return outcome satisfies never;
  }
}

/** While the claim waits it is in nobody's hands, so that a person can say what became of it. */
async function settleUnverifiable(
  run: Run,
  held: Held,
  { attempts, reason }: Pick<LoadOutcome, 'attempts'> & { readonly reason: string },
  open: readonly DecodedRecord[],
): Promise<Step> {
  // What was put just now may still arrive.
  const mayArrive = attempts > 0 || sharedFor(run, held.sharedUntil) > 0;
  const step = mayArrive ? stop(`unverifiable: ${reason}`) : await resolveUnverifiable(run, held.claim, open);
  return step.kind === 'go' ? step : letGo(run, held, attempts > 0 ? 'in doubt' : 'idle', step.reason);
}

async function load(run: Run, piece: Piece, claimed: Held): Promise<{ outcome: LoadOutcome; held: Held }> {
  const { claim, replay } = claimed;
  const { clock, doris, telemetry } = run.ports;
  const started = clock.elapsed();
  const body = bodyOf(piece.rows);
  const lease = keepLease(run, claimed);
  const wanted: Load = {
    label: claim.label,
    target: targetOf(run),
    rows: piece.rows.length,
    body: [body],
    mayPack: piece.origin === 'cut',
    mayStart: lease.mayStart,
    mayCommit: lease.mayCommit,
    inDoubt: replay,
    wouldBeKnown: async (asked) => {
      const memory = await wouldBeKnown(run, lease.held().claim, claimed.witness);
      if (asked !== undefined && (memory === 'young' || memory === 'certain')) lease.notVisibleAt(asked);
      return memory;
    },
  };
  const outcome = await doris.load(wanted, run.deadline).catch((error: unknown) => noteContradiction(run, claim, error));
  telemetry.record({
    kind: 'load',
    ...factsOf(run, claim),
    bytes: body.length,
    attempts: outcome.attempts,
    outcome: outcome.kind,
    replay,
    took: millis(clock.elapsed() - started),
    ...detailsOf(outcome),
  });
  return { outcome, held: lease.held() };
}

/** A delivery that comes later must not take the label for the rows. */
async function noteContradiction(run: Run, claim: Claim, error: unknown): Promise<never> {
  if (error instanceof Contradicted) run.ports.telemetry.record({ kind: 'contradicted', ...factsOf(run, claim), reason: error.message });
  if (error instanceof StoredOtherwise) {
    const contradicted = fenced(run, { ...claim, state: { kind: 'contradicted', reason: error.message } });
    await run.ports.ledger.move(run.key, { expect: present(claim), claim: contradicted }).catch((cause: unknown) => {
      if (!(cause instanceof LedgerUnavailable)) throw cause;
    });
  }
  throw error;
}

function detailsOf(outcome: LoadOutcome): { how?: string; reason?: string; txnId?: number; packing?: Packing } {
  const packing = outcome.packing === undefined ? {} : { packing: outcome.packing };
  if ('reason' in outcome) return { reason: outcome.reason, ...packing };
  const txn = outcome.txnId === undefined ? {} : { txnId: outcome.txnId };
  return { ...(outcome.kind === 'committed' ? { how: outcome.how } : { reason: outcome.rejection.reason }), ...txn, ...packing };
}

type Committed = LoadOutcome & { kind: 'committed' };

/**
 * The rows are durable; what is left are the dead letters between them. When those are not accepted, the claim is marked as loaded: the
 * queue may be away for longer than Doris remembers the label.
 */
async function settleCommitted(run: Run, piece: Piece, rest: readonly Piece[], held: Held, how: Committed['how']): Promise<Step> {
  const poison = poisonOf(piece);
  try {
    await deadLetterRows(run, poison);
  } catch (error) {
    if (!(error instanceof DeadLettersUnavailable)) throw error;
    await run.ports.ledger.move(run.key, {
      expect: present(held.claim),
      claim: fenced(run, { ...held.claim, state: { kind: 'loaded' } }),
    });
    throw error;
  }
  const stored = how === 'already-loaded' ? {} : { stored: held.claim };
  const visible = how === 'loaded' ? { visible: held.claim.label } : {};
  const settled = { rows: piece.rows.length, bytes: piece.bytes, loads: 1, deadLetters: poison.length, ...stored, ...visible };
  return advance(run, piece, learn(piece, CLEAN, rest), present(held.claim), settled);
}
