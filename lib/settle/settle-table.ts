import { DeadLettersUnavailable } from '../dead-letter/letter.ts';
import { LedgerUnavailable } from '../ledger/checkpoint.ts';
import { cut, nextInLine, type Piece, poisonOf } from '../plan/pieces.ts';
import { spellPosition } from '../source/position.ts';
import type { DecodedRecord } from '../source/record.ts';
import { advance } from './advance.ts';
import { deadLetterRows } from './dead-letter-rows.ts';
import { claimFor, type Held, poisonClaim, present, writing, written } from './lease.ts';
import { letGo } from './let-go.ts';
import { loadPiece } from './load-piece.ts';
import { reconcile } from './reconcile.ts';
import { firstPosition, go, hasTime, lastPosition, type Run, recordsOf, type State, type Step, stop } from './run.ts';

/** How far a table's records got. */
export type TableSettlement =
  | { readonly kind: 'settled' }
  | { readonly kind: 'unsettled'; readonly from: DecodedRecord; readonly reason: string };

/**
 * Settles the records of one table in order, piece by piece:
 *
 *     ledger:  claim k ──────────────► settle k + claim k+1 ──────────► settle k+1
 *     Doris:            PUT k (label k)                      PUT k+1
 *
 * A crash between any two steps leaves an open claim, which the next delivery finds and resolves before it does anything else.
 * @throws {ContractViolation} when Doris breaks a rule or two lanes of one shard interleave.
 */
export async function settleTable(run: Run): Promise<TableSettlement> {
  try {
    return await settleAll(run);
  } finally {
    await run.gate.leave();
  }
}

async function settleAll(run: Run): Promise<TableSettlement> {
  let state: State = { work: cut(run.table.records, run.rules.limits) };
  while (state.work.length > 0) {
    const step = await orStop(settleNext(run, state));
    if (step.kind === 'stop') return unsettled(run, state, step.reason);
    state = step;
  }
  return { kind: 'settled' };
}

function unsettled(run: Run, { work }: State, reason: string): TableSettlement {
  const from = recordsOf(work)[0];
  if (from === undefined) return { kind: 'settled' };
  run.ports.telemetry.record({
    kind: 'unsettled',
    source: run.batch.source,
    target: run.key.target,
    from: spellPosition(from.record.position),
    reason,
  });
  return { kind: 'unsettled', from, reason };
}

/** The ledger and the dead letters may be away for a while like everybody else: the records stay with their source. */
async function orStop(step: Promise<Step>): Promise<Step> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof LedgerUnavailable || error instanceof DeadLettersUnavailable) return stop(error.message);
    throw error;
  }
}

async function settleNext(run: Run, { work: queue, held }: State): Promise<Step> {
  const work = nextInLine(queue);
  const [piece, ...rest] = work;
  if (piece === undefined) return go([]);
  if (!hasTime(run)) return leave(run, held, 'no time left in this invocation');
  if (piece.rows.length === 0) return settlePoison(run, piece, rest);
  if (!(await run.gate.admits(run.deadline))) return leave(run, held, 'breaker open: the table took no loads lately');
  if (held !== undefined) return loadPiece(run, piece, rest, held);
  return claimAndLoad(run, piece, rest);
}

/** Stops before a load is started. */
async function leave(run: Run, held: Held | undefined, reason: string): Promise<Step> {
  return held === undefined ? stop(reason) : letGo(run, held, 'idle', reason);
}

async function claimAndLoad(run: Run, piece: Piece, rest: readonly Piece[]): Promise<Step> {
  const held = claimFor(run, piece);
  const { claim } = held;
  const result = await run.ports.ledger.move(run.key, { expect: { kind: 'vacant', before: claim.first }, ...writing(held) });
  if (result.kind === 'refused' && !written(result, claim)) return reconcile(run, result.current, recordsOf([piece, ...rest]));
  return loadPiece(run, piece, rest, held);
}

/**
 * Without rows there is no load, but the verdict is written down before the first letter is sent: other rules may take the records for
 * rows when they come again after a crash, and then their letters would be redriven besides.
 */
async function settlePoison(run: Run, piece: Piece, rest: readonly Piece[]): Promise<Step> {
  if (!isJudgedByOne(run)) return settleUnclaimed(run, piece, rest);
  const claim = poisonClaim(run, piece);
  const judged = await run.ports.ledger.move(run.key, { expect: { kind: 'vacant', before: claim.first }, claim });
  if (judged.kind === 'refused' && !written(judged, claim)) return reconcile(run, judged.current, recordsOf([piece, ...rest]));
  await deadLetterRows(run, poisonOf(piece));
  return advance(run, piece, rest, present(claim), { rows: 0, bytes: 0, loads: 0, deadLetters: piece.records.length });
}

/** Records of a shard that no table takes may come again as another one's rows, and that one does not ask here. */
function isJudgedByOne({ table, key }: Run): boolean {
  return table.target !== undefined || key.group !== undefined;
}

/** The watermark is looked at first, so that a redelivery sends no letter twice. */
async function settleUnclaimed(run: Run, piece: Piece, rest: readonly Piece[]): Promise<Step> {
  const { ledger } = run.ports;
  const first = firstPosition(piece.records);
  const records = recordsOf([piece, ...rest]);
  const current = await ledger.read(run.key);
  if (current.claim !== undefined || (current.through !== undefined && current.through >= first)) return reconcile(run, current, records);
  await deadLetterRows(run, poisonOf(piece));
  const settled = { rows: 0, bytes: 0, loads: 0, deadLetters: piece.records.length };
  const through = lastPosition(piece.records);
  const result = await ledger.move(run.key, { expect: { kind: 'vacant', before: first }, through, routes: run.routes, settled });
  return result.kind === 'moved' ? go(rest) : reconcile(run, result.current, records);
}
