import type { Refusal } from '../ledger/checkpoint.ts';
import { halve, learn, type Piece, poisonOf, type Suspicion } from '../plan/pieces.ts';
import type { LoadOutcome, Rejection } from '../ports.ts';
import { isRow, type Row } from '../source/record.ts';
import { advance, descend } from './advance.ts';
import { deadLetterRows, refusedRow } from './dead-letter-rows.ts';
import { fenced, type Held, present, sharedFor, unchanged, written } from './lease.ts';
import { letGo, outlastOthers } from './let-go.ts';
import { reconcile } from './reconcile.ts';
import { go, type Run, recordsOf, type Step } from './run.ts';

type RejectedData = LoadOutcome & { kind: 'rejected-data' };

/**
 * Doris refused rows of a piece. While somebody else may still load under the label, a table that is repaired meanwhile may take the rows
 * from them: then the verdict is no verdict yet.
 */
export async function settleRejected(run: Run, piece: Piece, rest: readonly Piece[], held: Held, outcome: RejectedData): Promise<Step> {
  if (sharedFor(run, held.sharedUntil) > 0) return askAgainAlone(run, [piece, ...rest], held);
  const { rejection } = outcome;
  const blown = fuseBlows(run, piece, rejection);
  if (blown !== undefined) return stopForPerson(run, held, rejection, blown);
  run.gate.succeeded();
  const found = foundIn(piece, rejection);
  const after = learn(piece, found, rest);
  const [row] = piece.rows;
  if (piece.rows.length > 1 || row === undefined) return descend(run, [...halve(piece, found), ...after], unchanged(held.claim));
  return buryRow(run, piece, row, after, held, outcome);
}

/** The same load once more when nobody else can start it: what others began until then, its label tells. */
async function askAgainAlone(run: Run, work: readonly Piece[], held: Held): Promise<Step> {
  const alone = await outlastOthers(run, held);
  if (alone !== undefined) return go(work, alone);
  return letGo(run, held, 'idle', `rejected-data, but another invocation may still load under ${held.claim.label}`);
}

interface Blown {
  readonly bad: number;
  readonly of: number;
}

/** A schema mistake: the shard waits, and counts as a table that takes no loads, so that it is asked ever more rarely. */
async function stopForPerson(run: Run, held: Held, { reason }: Rejection, blown: Blown): Promise<Step> {
  const why = `${blown.bad} of ${blown.of} rows are bad, which looks like a schema mistake: ${reason}`;
  run.gate.failed('fuse-blown', why);
  run.ports.telemetry.record({
    kind: 'fuse-blown',
    source: run.batch.source,
    target: run.key.target,
    label: held.claim.label,
    reason,
    ...blown,
  });
  return letGo(run, held, 'refused', `fuse blown: ${why}`);
}

/**
 * The row's fate is written down before its letter is sent: a crash in between must not let a table that was repaired meanwhile take a
 * row that is a dead letter already.
 */
async function buryRow(run: Run, piece: Piece, row: Row, rest: readonly Piece[], { claim }: Held, outcome: RejectedData): Promise<Step> {
  const { reason, errorUrl } = outcome.rejection;
  const refusal: Refusal = { reason, attempts: outcome.attempts, ...(errorUrl === undefined ? {} : { errorUrl }) };
  const decided = fenced(run, { ...claim, state: { kind: 'refused', refusal } });
  const judged = await run.ports.ledger.move(run.key, { expect: unchanged(claim), claim: decided });
  if (judged.kind === 'refused' && !written(judged, decided)) return reconcile(run, judged.current, recordsOf([piece, ...rest]));
  await deadLetterRows(run, [...poisonOf(piece), refusedRow(row, refusal)], { label: claim.label, attempts: refusal.attempts });
  run.tally.badRows++;
  return advance(run, piece, rest, present(claim), { rows: 0, bytes: 0, loads: 0, deadLetters: piece.records.length });
}

/** Doris's counts hold when it read every row; with many bad rows it stops early (reference 9.13). */
function foundIn(piece: Piece, { counted }: Rejection): Suspicion {
  const exact = counted.total === piece.rows.length && counted.filtered > 0;
  return { atLeast: exact ? counted.filtered : 1, exact };
}

/** Judges a load by Doris's own counts, and the parts of one by what was found bad so far in all of the table's rows. */
function fuseBlows(run: Run, piece: Piece, { counted }: Rejection): Blown | undefined {
  const judged =
    piece.origin === 'cut'
      ? { bad: counted.filtered, of: counted.total }
      : { bad: run.tally.badRows + 1, of: run.table.records.filter(isRow).length };
  const blows = judged.bad >= run.rules.fuseRows && judged.bad > judged.of * run.rules.fuseShare;
  return blows ? judged : undefined;
}
