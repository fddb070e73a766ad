import { DeadLettersUnavailable } from '../dead-letter/letter.ts';
import type { Claim, Expectation, Refusal, Settled } from '../ledger/checkpoint.ts';
import { CLEAN, halve, learn, nextInLine, type Piece, poisonOf, type Suspicion } from '../plan/pieces.ts';
import type { LoadOutcome, Rejection } from '../ports.ts';
import { spellPosition } from '../source/position.ts';
import type { Row } from '../source/record.ts';
import { millis } from '../units.ts';
import { deadLetterRows, refusedRow } from './dead-letter-rows.ts';
import { letGo, outlastOthers } from './let-go.ts';
import { reconcile } from './reconcile.ts';
import { claimFor, go, type Held, hasTime, lastPosition, leaseOf, type Run, recordsOf, type Step, targetOf } from './run.ts';

/** Loads a piece under the claim that is held for it, and settles what can be settled by the outcome. */
export async function loadPiece(run: Run, piece: Piece, rest: readonly Piece[], held: Held): Promise<Step> {
  if (piece.origin === 'isolation' && ++run.tally.isolationLoads > run.rules.isolationLoads) {
    return letGo(
      run,
      held,
      'idle',
      `${run.rules.isolationLoads} loads were spent on finding bad rows; the rest comes with the next delivery`,
    );
  }
  const outcome = await load(run, piece, held);
  switch (outcome.kind) {
    case 'committed':
      run.ports.breaker.succeeded(run.key.target);
      return settleCommitted(run, piece, rest, held);
    case 'rejected-data':
      run.ports.breaker.succeeded(run.key.target);
      return settleRejected(run, piece, rest, held, outcome);
    case 'rejected-config':
    case 'overload':
    case 'unavailable':
    case 'running':
    case 'unknown':
      run.ports.breaker.failed(run.key.target);
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

const LINE_END = Buffer.from('\n');

async function load(run: Run, piece: Piece, held: Held): Promise<LoadOutcome> {
  const { claim, replay } = held;
  const { clock, doris, telemetry } = run.ports;
  const started = clock.elapsed();
  const body = Buffer.concat(piece.rows.flatMap(({ line }) => [line, LINE_END]));
  const wanted = { label: claim.label, target: targetOf(run), rows: piece.rows.length, body: [body], mayStart: leaseKeeper(run, held) };
  const outcome = await doris.load(wanted, run.deadline);
  telemetry.record({
    kind: 'load',
    source: run.batch.source,
    target: run.key.target,
    label: claim.label,
    rows: piece.rows.length,
    bytes: body.length,
    first: spellPosition(claim.first),
    last: spellPosition(claim.last),
    attempts: outcome.attempts,
    outcome: outcome.kind,
    replay,
    took: millis(clock.elapsed() - started),
    ...detailsOf(outcome),
  });
  return outcome;
}

/** Attempts start while the lease runs; after that the ledger is asked whether the claim is still this invocation's. */
function leaseKeeper(run: Run, { claim, lease }: Held): () => Promise<boolean> {
  let current = lease;
  return async () => {
    if (current.remaining() > 0) return true;
    const renewed = leaseOf(run);
    const expect = { kind: 'holding', label: claim.label, epoch: claim.epoch } as const;
    const result = await run.ports.ledger.move(run.key, { expect, claim: { ...claim, deadline: renewed.at } });
    current = renewed;
    return result.kind === 'moved';
  };
}

function detailsOf(outcome: LoadOutcome): { how?: string; reason?: string; txnId?: number } {
  if ('reason' in outcome) return { reason: outcome.reason };
  const txn = outcome.txnId === undefined ? {} : { txnId: outcome.txnId };
  return outcome.kind === 'committed' ? { how: outcome.how, ...txn } : { reason: outcome.rejection.reason, ...txn };
}

/**
 * The rows are durable; what is left are the dead letters between them. When those are not accepted, the claim is marked as loaded: the
 * queue may be away for longer than Doris remembers the label.
 */
async function settleCommitted(run: Run, piece: Piece, rest: readonly Piece[], held: Held): Promise<Step> {
  const poison = poisonOf(piece);
  try {
    await deadLetterRows(run, poison);
  } catch (error) {
    if (!(error instanceof DeadLettersUnavailable)) throw error;
    await run.ports.ledger.move(run.key, {
      expect: { kind: 'holding', label: held.claim.label },
      claim: { ...held.claim, state: { kind: 'loaded' } },
    });
    throw error;
  }
  const settled = { rows: piece.rows.length, bytes: piece.bytes, loads: 1, deadLetters: poison.length };
  return settle(run, piece, learn(piece, CLEAN, rest), { kind: 'holding', label: held.claim.label }, settled);
}

/**
 * Moves the watermark past a piece and claims the next one, in one write. A refused write means that it was done already (a lost reply, or
 * another invocation with the same records), or that the claim was taken over: the checkpoint tells.
 */
async function settle(run: Run, piece: Piece, rest: readonly Piece[], expect: Expectation, settled: Settled): Promise<Step> {
  const through = lastPosition(piece.records);
  const work = nextInLine(rest);
  const next = nextClaim(run, work);
  const result = await run.ports.ledger.move(run.key, { expect, through, settled, ...claimIn(next) });
  if (result.kind === 'moved') return go(work, next);
  const { current } = result;
  const done = current.through !== undefined && current.through >= through;
  return reconcile(run, current, recordsOf(done ? work : [piece, ...work]));
}

/** What will be held once the claim for the front of the work is written; nothing when it is not to be loaded now. */
function nextClaim(run: Run, [next]: readonly Piece[]): Held | undefined {
  const claimable = next !== undefined && next.rows.length > 0 && hasTime(run) && run.ports.breaker.admits(run.key.target);
  return claimable ? claimFor(run, next) : undefined;
}

function claimIn(held: Held | undefined): { claim?: Claim } {
  return held === undefined ? {} : { claim: held.claim };
}

/** Doris refused rows, and the label is known to be free again. A single row is the culprit; more are halved. */
async function settleRejected(
  run: Run,
  piece: Piece,
  rest: readonly Piece[],
  held: Held,
  outcome: LoadOutcome & { kind: 'rejected-data' },
): Promise<Step> {
  const { rejection } = outcome;
  if (!(await outlastOthers(run, held))) {
    return letGo(run, held, 'idle', `rejected-data, but another invocation may still load under ${held.claim.label}`);
  }
  const blown = fuseBlows(run, piece, rejection);
  if (blown !== undefined) {
    run.ports.breaker.failed(run.key.target);
    run.ports.telemetry.record({
      kind: 'fuse-blown',
      source: run.batch.source,
      target: run.key.target,
      label: held.claim.label,
      reason: rejection.reason,
      ...blown,
    });
    return letGo(
      run,
      held,
      'refused',
      `fuse blown: ${blown.bad} of ${blown.of} rows are bad, which looks like a schema mistake: ${rejection.reason}`,
    );
  }
  const found = foundIn(piece, rejection);
  const after = learn(piece, found, rest);
  const [row] = piece.rows;
  if (piece.rows.length > 1 || row === undefined) return narrow(run, [...halve(piece, found), ...after], held);
  return buryRow(run, piece, row, after, held, outcome);
}

/**
 * The row's fate is written down before its letter is sent: a crash in between must not let a table that was repaired meanwhile take a
 * row that is a dead letter already.
 */
async function buryRow(
  run: Run,
  piece: Piece,
  row: Row,
  rest: readonly Piece[],
  { claim }: Held,
  outcome: LoadOutcome & { kind: 'rejected-data' },
): Promise<Step> {
  const { reason, errorUrl } = outcome.rejection;
  const refusal: Refusal = { reason, attempts: outcome.attempts, ...(errorUrl === undefined ? {} : { errorUrl }) };
  const expect = { kind: 'holding', label: claim.label, epoch: claim.epoch } as const;
  const judged = await run.ports.ledger.move(run.key, { expect, claim: { ...claim, state: { kind: 'refused', refusal } } });
  if (judged.kind === 'refused') return reconcile(run, judged.current, recordsOf([piece, ...rest]));
  await deadLetterRows(run, [...poisonOf(piece), refusedRow(row, refusal)], { label: claim.label, attempts: refusal.attempts });
  run.tally.badRows++;
  return settle(run, piece, rest, expect, { rows: 0, bytes: 0, loads: 0, deadLetters: piece.records.length });
}

/**
 * Gives up the claim of a refused load for a claim of its first part. From here on the parent's label is never used again, so that a
 * table that is repaired in the middle of the search cannot take the same rows twice, once by the parent and once by its parts.
 */
async function narrow(run: Run, parts: readonly Piece[], { claim }: Held): Promise<Step> {
  const work = nextInLine(parts);
  const next = nextClaim(run, work);
  const result = await run.ports.ledger.move(run.key, {
    expect: { kind: 'holding', label: claim.label, epoch: claim.epoch },
    ...claimIn(next),
  });
  if (result.kind === 'refused') return reconcile(run, result.current, recordsOf(work));
  return go(work, next);
}

/** Doris's counts hold when it read every row; with many bad rows it stops early (reference 9.13). */
function foundIn(piece: Piece, { counted }: Rejection): Suspicion {
  const exact = counted.total === piece.rows.length && counted.filtered > 0;
  return { atLeast: exact ? counted.filtered : 1, exact };
}

/** Judges a load by Doris's own counts, and the parts of one by what was found bad so far in all of the table's rows. */
function fuseBlows(run: Run, piece: Piece, { counted }: Rejection): { bad: number; of: number } | undefined {
  const judged =
    piece.origin === 'cut'
      ? { bad: counted.filtered, of: counted.total }
      : { bad: run.tally.badRows + 1, of: run.table.records.filter(({ kind }) => kind === 'row').length };
  const blows = judged.bad >= run.rules.fuseRows && judged.bad > judged.of * run.rules.fuseShare;
  return blows ? judged : undefined;
}
