import type { Checkpoint, Claim } from '../ledger/checkpoint.ts';
import type { OutageCause } from '../ledger/outage.ts';
import type { Label } from '../plan/label.ts';
import { cut } from '../plan/pieces.ts';
import type { Position } from '../source/position.ts';
import type { DecodedRecord } from '../source/record.ts';
import type { ClaimProof } from '../telemetry.ts';
import { wouldBeKnown } from './label-memory.ts';
import { fenced, latestEnd, noteVisible, sharedFor, tellInDoubt, unchanged } from './lease.ts';
import { columnsOf, factsOf, firstPosition, go, type Run, type Step, stop, targetOf } from './run.ts';
import { countBetween, hadColumns } from './shard-rows.ts';

/** The batch does not hold the claim's records, so they cannot be offered again: the label's state has to tell. */
export async function resolveByState(run: Run, claim: Claim, checkpoint: Checkpoint, open: readonly DecodedRecord[]): Promise<Step> {
  const step = await askState(run, claim, checkpoint, open);
  if (step.kind === 'stop') tellInDoubt(run, claim);
  return step;
}

async function askState(run: Run, claim: Claim, { witness }: Checkpoint, open: readonly DecodedRecord[]): Promise<Step> {
  if (claim.state.kind === 'contradicted') return resolveContradicted(run, claim, claim.state.reason, open);
  // Before asking: an attempt that was allowed until now may have started since the answer.
  const busy = await stillShared(run, claim);
  const state = await run.ports.doris.labelState(targetOf(run).database, claim.label, run.deadline);
  switch (state.kind) {
    case 'visible':
    case 'committed':
      return conclude(run, claim, open, { consequence: 'loaded', because: `label ${state.kind}` });
    case 'precommitted':
      return adopt(run, claim, open);
    case 'prepare':
      return troubled(run, 'running', `the transaction of claim ${claim.label} is still open`);
    case 'unreachable':
      return troubled(run, 'unavailable', `the state of claim ${claim.label} cannot be asked: ${state.reason}`);
    case 'aborted':
      return busy ?? conclude(run, claim, open, { consequence: 'dropped', because: 'label aborted' });
    case 'unknown':
      return busy ?? resolveUnknown(run, claim, witness, open);
    default:
      return state satisfies never;
  }
}

/** Doris holds all rows of the claim back. To make them visible needs no records, and settles them even when the source has dropped them. */
async function adopt(run: Run, claim: Claim, open: readonly DecodedRecord[]): Promise<Step> {
  const noted = await noteVisible(run, claim);
  if (noted === undefined) return go(cut(open, run.rules.limits));
  const { kind } = await run.ports.doris.commit(targetOf(run), claim.label, run.deadline);
  if (kind === 'visible' || kind === 'committed') {
    return conclude(run, noted, open, { consequence: 'loaded', because: 'precommitted, and committed now' });
  }
  return troubled(run, 'running', `the precommitted rows of claim ${claim.label} are not visible yet (${kind})`);
}

function troubled({ gate }: Run, cause: OutageCause, reason: string): Step {
  gate.failed(cause, reason);
  return stop(`${cause}: ${reason}`);
}

/**
 * Under its label a load of other rows passes for stored: going by that, records would be lost in silence. Only its rows themselves tell;
 * that none of them is found does not, since those of a group commit become visible later.
 */
async function resolveContradicted(run: Run, claim: Claim, reason: string, open: readonly DecodedRecord[]): Promise<Step> {
  const judgement = await judgeByCount(run, claim);
  if (judgement?.kind === 'known' && judgement.consequence === 'loaded') return conclude(run, claim, open, judgement);
  run.ports.telemetry.record({ kind: 'claim-waits', ...factsOf(run, claim), reason });
  return stop(`contradicted: ${reason}`);
}

async function resolveUnknown(run: Run, claim: Claim, witness: Label | undefined, open: readonly DecodedRecord[]): Promise<Step> {
  const memory = await wouldBeKnown(run, claim, witness);
  switch (memory) {
    case 'young':
    case 'certain':
      return conclude(run, claim, open, notStored(claim));
    case 'untold':
      return troubled(run, 'unavailable', `Doris does not tell whether it may have forgotten claim ${claim.label}`);
    case 'doubtful':
      return resolveUnverifiable(run, claim, open);
    default:
      return memory satisfies never;
  }
}

/** Without a label a load is put again although it may be stored. */
function notStored({ state }: Claim): Conclusion {
  return state.kind === 'unlabelled'
    ? { consequence: 'reloaded', because: 'it was put without a label' }
    : { consequence: 'dropped', because: 'label unknown' };
}

/** Somebody else may still start an attempt under the claim. One that a clock far ahead has written waits no longer than any other. */
async function stillShared(run: Run, claim: Claim): Promise<Step | undefined> {
  const until = latestEnd(run, claim);
  const isAhead = claim.deadline > until + run.rules.attemptGrace;
  if (isAhead) await run.ports.ledger.move(run.key, { expect: unchanged(claim), claim: fenced(run, { ...claim, deadline: until }) });
  const busy = sharedFor(run, isAhead ? until : claim.deadline);
  return busy > 0 ? stop(`for ${Math.ceil(busy / 1000)} s another invocation may still load under claim ${claim.label}`) : undefined;
}

/** The label cannot tell any more whether a claim is stored: the table itself is asked, and then the operator decides. Nobody else may use the claim. */
export async function resolveUnverifiable(run: Run, claim: Claim, open: readonly DecodedRecord[]): Promise<Step> {
  const judgement = await judge(run, claim);
  if (judgement.kind === 'known') return conclude(run, claim, open, judgement);
  // Each of these questions costs Doris something.
  run.gate.failed('unknown', judgement.reason);
  run.ports.telemetry.record({ kind: 'claim-waits', ...factsOf(run, claim), reason: judgement.reason });
  return stop(`unverifiable: Doris may have forgotten claim ${claim.label}: ${judgement.reason}`);
}

/** What becomes of a claim, and how that is known. */
interface Conclusion {
  readonly consequence: 'loaded' | 'dropped' | 'reloaded' | 'dead-lettered';
  readonly because: ClaimProof;
}

type Judgement = (Conclusion & { readonly kind: 'known' }) | { readonly kind: 'wait'; readonly reason: string };

async function judge(run: Run, claim: Claim): Promise<Judgement> {
  const counted = await judgeByCount(run, claim);
  if (counted !== undefined) return counted;
  const model = await run.ports.doris.tableModel(targetOf(run), run.deadline);
  if (model.kind === 'unreachable') return { kind: 'wait', reason: model.reason };
  if (model.kind === 'told' && model.value === 'unique') return known('reloaded', 'the table has a UNIQUE KEY');
  if (run.rules.onUnverifiable === 'wait') return { kind: 'wait', reason: 'ON_UNVERIFIABLE is wait' };
  // No fate is decided on a bad day: a table that is missing, or refuses all loads, costs time.
  const begun = await run.ports.doris.newestTransaction(targetOf(run), run.deadline);
  if (begun.kind === 'unreachable') return { kind: 'wait', reason: begun.reason };
  return run.rules.onUnverifiable === 'reload'
    ? known('reloaded', 'ON_UNVERIFIABLE is reload')
    : known('dead-lettered', 'ON_UNVERIFIABLE is dead-letter');
}

function known(consequence: Conclusion['consequence'], because: ClaimProof): Judgement {
  return { kind: 'known', consequence, because };
}

/**
 * All rows of the claim, or none where the table had the columns before: otherwise these may be new to it, or their names misspelt. Nothing
 * when a count does not decide.
 */
async function judgeByCount(run: Run, { first, last, rows, columns }: Claim): Promise<Judgement | undefined> {
  if (columns !== columnsOf(run.rules)) return undefined;
  const shard = { source: run.batch.source, target: targetOf(run) };
  const own = await countBetween(run, shard, first, last);
  if (own.kind === 'unreachable') return { kind: 'wait', reason: own.reason };
  if (own.kind !== 'told') return undefined;
  if (own.value === rows) return known('loaded', 'its rows were counted');
  if (own.value > 0) return undefined;
  const had = await hadColumns(run, shard, first);
  if (had.kind === 'unreachable') return { kind: 'wait', reason: had.reason };
  return had.kind === 'told' ? known('dropped', 'none of its rows was counted') : undefined;
}

async function conclude(run: Run, claim: Claim, open: readonly DecodedRecord[], { consequence, because }: Conclusion): Promise<Step> {
  const { ledger, telemetry } = run.ports;
  const next = afterwards(run, claim, consequence, because);
  // Told first: neither a lost reply nor a crash may decide in silence.
  telemetry.record({ kind: 'claim-resolved', ...factsOf(run, claim), consequence, because });
  if (consequence !== 'loaded') tellAbandoned(run, claim);
  await ledger.move(run.key, { expect: unchanged(claim), ...(next === undefined ? {} : { claim: next }) });
  return go(cut(open, run.rules.limits));
}

/**
 * Records of a claim that a shard does not bring any more: if they are neither in Doris nor with the dead letters, they are lost. A queue
 * brings them with other messages.
 */
export function tellAbandoned(run: Run, claim: Claim, through?: Position): void {
  const { batch, ports } = run;
  if (batch.source.kind === 'iggy') return;
  if (claim.first >= firstPosition(batch.records) || (through !== undefined && through >= claim.first)) return;
  ports.telemetry.record({ kind: 'claim-abandoned', ...factsOf(run, claim) });
}

function afterwards(run: Run, claim: Claim, consequence: Conclusion['consequence'], because: string): Claim | undefined {
  switch (consequence) {
    case 'loaded':
      return fenced(run, { ...claim, state: { kind: 'loaded' } });
    case 'dead-lettered':
      return fenced(run, {
        ...claim,
        state: { kind: 'given-up', reason: `whether Doris has the row cannot be told any more: ${because}` },
      });
    case 'dropped':
    case 'reloaded':
      return undefined;
    default:
      return consequence satisfies never;
  }
}
