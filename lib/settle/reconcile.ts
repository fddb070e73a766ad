import { ContractViolation } from '../errors.ts';
import { type Checkpoint, type Claim, type DecidedState, isDecided } from '../ledger/checkpoint.ts';
import { cut, pieceOf } from '../plan/pieces.ts';
import { type Position, spellPosition } from '../source/position.ts';
import { type DecodedRecord, type Fault, isRow, type PoisonRow } from '../source/record.ts';
import { type DecidedLoad, deadLetterRows, refusedRow } from './dead-letter-rows.ts';
import { present, takenOver, unchanged, written } from './lease.ts';
import { resolveByState, tellAbandoned } from './resolve.ts';
import { firstPosition, go, labelOfRows, lastPosition, type Run, type Step } from './run.ts';

/**
 * Brings the records at hand in line with what the ledger says: drops what is settled, and resolves an open claim before anything new
 * is claimed. Whatever a step here finds changed meanwhile, the next claim finds again. An open claim whose records are all
 * here is replayed under its stored cut and label, so that Doris itself decides whether it had them; otherwise the label's state decides.
 */
export async function reconcile(run: Run, current: Checkpoint, records: readonly DecodedRecord[]): Promise<Step> {
  const { through, claim } = current;
  for (const boundary of [through, claim?.first, claim?.last]) refuseInterleaving(run, boundary);
  const open = through === undefined ? records : records.filter(({ record }) => record.position > through);
  if (open.length < records.length) refuseOtherRoutes(run, current.routes);
  absorb(run, records.length - open.length);
  if (claim === undefined || open.length === 0) return go(cut(open, run.rules.limits));
  const inside = open.filter(({ record }) => record.position <= claim.last);
  const after = open.slice(inside.length);
  if (isDecided(claim.state)) {
    refuseOtherMembership(run, claim, through);
    tellAbandoned(run, claim, through);
    return finishDecided(run, claim, claim.state, inside, after);
  }
  const rows = inside.filter(isRow);
  const mayReplay = claim.state.kind !== 'contradicted' && rows.length > 0 && labelOfRows(run, rows) === claim.label;
  if (mayReplay) return takeOver(run, current, claim, inside, after);
  return resolveByState(run, claim, current, open);
}

/**
 * A shard has one lane. A boundary that lies inside the batch without being one of its records was drawn by another lane: positions then
 * prove nothing, and going on could drop records.
 */
function refuseInterleaving({ batch, key }: Run, boundary: Position | undefined): void {
  if (boundary === undefined || batch.records.length === 0) return;
  const inside = firstPosition(batch.records) < boundary && boundary < lastPosition(batch.records);
  if (!inside || batch.records.some(({ record }) => record.position === boundary)) return;
  throw new ContractViolation(
    `lanes of ${key.source.shard} of ${key.source.stream} interleave: the ledger (${key.target}) ends at ${spellPosition(boundary)}, which lies inside the batch but is none of its records. Set ParallelizationFactor to 1 and attach one mapping without a changed filter`,
  );
}

/**
 * A watermark, or the span of a claim, stands for the records that belonged to its table then. One that another table could not take and
 * that belongs here since would pass for settled.
 */
function refuseOtherRoutes({ key, routes }: Run, before: string | undefined): void {
  if (before === undefined || before === routes) return;
  throw new ContractViolation(
    `what belongs to ${key.target} changed (DORIS_ROUTES, or MAX_ROW_BYTES or MAX_BATCH_BYTES beside a rule with a field) while records of ${key.source.shard} of ${key.source.stream} were on their way: which of them it has cannot be told. Restore the former settings until the shard is settled, then change them`,
  );
}

function absorb({ batch, key, ports }: Run, records: number): void {
  if (records > 0) ports.telemetry.record({ kind: 'duplicates-absorbed', source: batch.source, target: key.target, records });
}

/**
 * The fate of the claim's rows is known: they are in Doris, or dead letters. What may be missing are letters. The batch may end before the
 * claim does; then the claim stays for the rest.
 */
async function finishDecided(
  run: Run,
  claim: Claim,
  state: DecidedState,
  inside: readonly DecodedRecord[],
  after: readonly DecodedRecord[],
): Promise<Step> {
  const dead = inside.flatMap((record) => deadIn(record, state));
  await deadLetterRows(run, dead, loadOf(claim, state));
  absorb(run, inside.length - dead.length);
  const ended = lastPosition(run.batch.records) >= claim.last;
  const through = ended ? claim.last : inside.at(-1)?.record.position;
  const loaded = ended && state.kind === 'loaded';
  const result = await run.ports.ledger.move(run.key, {
    expect: present(claim),
    settled: { rows: loaded ? claim.rows : 0, bytes: 0, loads: loaded ? 1 : 0, deadLetters: dead.length },
    ...(through === undefined ? {} : { through, routes: run.routes }),
    ...(ended ? {} : { claim }),
  });
  return go(cut(result.kind === 'moved' ? after : [...inside, ...after], run.rules.limits));
}

/** What letters tell of the load of a decided claim. */
export function loadOf({ label, columns }: Claim, state: DecidedState): DecidedLoad {
  if (state.kind === 'refused') return { label, attempts: state.refusal.attempts };
  return { label, ...(state.kind === 'given-up' && columns !== undefined ? { columns } : {}) };
}

const JUDGED_BEFORE: Fault = {
  errorClass: 'decode',
  reason: 'it was judged to be no row when it came first, by rules that have changed since, and its letter may be there already',
};

/** What a record of a decided load leaves to the dead letters. */
export function deadIn(record: DecodedRecord, state: DecidedState): PoisonRow[] {
  if (record.kind === 'poison') return [record];
  switch (state.kind) {
    case 'loaded':
      return [];
    case 'refused':
      return [refusedRow(record, state.refusal)];
    case 'poison':
      return [{ kind: 'poison', record: record.record, fault: JUDGED_BEFORE }];
    case 'given-up':
      return [{ kind: 'poison', record: record.record, fault: { errorClass: 'unverifiable', reason: state.reason } }];
    default:
      return state satisfies never;
  }
}

/** Writes this invocation's lease into the claim before it is used, so that whoever comes next knows how long it may be. */
async function takeOver(
  run: Run,
  { witness }: Checkpoint,
  claim: Claim,
  inside: readonly DecodedRecord[],
  after: readonly DecodedRecord[],
): Promise<Step> {
  const held = takenOver(run, claim, witness);
  const result = await run.ports.ledger.move(run.key, { expect: unchanged(claim), claim: held.claim });
  if (!written(result, held.claim)) return go(cut([...inside, ...after], run.rules.limits));
  return go([pieceOf(inside, claim.origin), ...cut(after, run.rules.limits)], held);
}

/**
 * A load that is stored, or whose row is a dead letter, stands for the rows that its label is made of and for no others. Of a part of its
 * span only the number of rows can be held against it.
 */
function refuseOtherMembership(run: Run, claim: Claim, through: Position | undefined): void {
  refuseOtherRoutes(run, claim.routes);
  const { batch, key, table } = run;
  const ofClaim = claim.state.kind === 'poison' ? table.records : table.records.filter(isRow);
  const rows = ofClaim.filter((record) => isOf(claim, through, record));
  const holdsSpan = firstPosition(batch.records) <= claim.first && claim.last <= lastPosition(batch.records);
  const same = holdsSpan ? rows.length > 0 && labelOfRows(run, rows) === claim.label : rows.length <= claim.rows;
  if (same) return;
  const before = rows.filter(({ record }) => record.position < claim.first).length;
  throw new ContractViolation(
    before > 0
      ? `${before} records that nothing has settled come from before claim ${claim.label} on ${key.target}, which is decided: to settle it would pass them by. Have the mapping begin at ${spellPosition(claim.first)}, and redrive or replay what stands before that`
      : `claim ${claim.label} on ${key.target} holds ${claim.rows} rows, but the records of its span now make ${rows.length} rows of another label: limits changed while it was in doubt. Restore the former settings until it is settled`,
  );
}

/** Whether the claim decides a record: those of its span, and those before it that are not settled. */
function isOf({ first, last }: Claim, through: Position | undefined, { record: { position } }: DecodedRecord): boolean {
  return position <= last && (position >= first || through === undefined || position > through);
}
