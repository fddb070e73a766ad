import { type Claim, type DecidedState, isDecided, type Move } from '../ledger/checkpoint.ts';
import type { FoundGroup } from '../ledger/group.ts';
import { unroutable } from '../plan/plan.ts';
import { deadLetterRows } from '../settle/dead-letter-rows.ts';
import { present } from '../settle/lease.ts';
import { deadIn, loadOf } from '../settle/reconcile.ts';
import { resolveByState } from '../settle/resolve.ts';
import type { Run } from '../settle/run.ts';
import type { Position } from '../source/position.ts';
import type { DecodedRecord } from '../source/record.ts';
import { contend, isFresh } from './ownership.ts';
import { again, type Fate, type Passage, ROUTES, runOf, settled, targetNamed, unsettled, YIELDED } from './passage.ts';
import { settleRun } from './settle-run.ts';

/** Settles the records at hand of a group that an earlier delivery, or another invocation, has written down. */
export async function settleFound(
  passage: Passage,
  group: FoundGroup,
  records: readonly DecodedRecord[],
  found: readonly FoundGroup[],
): Promise<readonly Fate[]> {
  const { through } = group.checkpoint;
  const inOrder = records.toSorted((a, b) => (a.record.position < b.record.position ? -1 : 1));
  const done = inOrder.filter(({ record }) => isBehind(record.position, through));
  const live = inOrder.slice(done.length);
  if (done.length > 0) {
    const { source, ports } = passage;
    ports.telemetry.record({ kind: 'duplicates-absorbed', source, target: group.key.target, records: done.length });
  }
  if (live.length === 0) return [settled(done)];
  return [settled(done), ...(await settleLive(passage, group, live, found))];
}

function isBehind(position: Position, through: Position | undefined): boolean {
  return through !== undefined && position <= through;
}

async function settleLive(
  passage: Passage,
  group: FoundGroup,
  live: readonly DecodedRecord[],
  found: readonly FoundGroup[],
): Promise<readonly Fate[]> {
  const { key, checkpoint } = group;
  const { claim, through } = checkpoint;
  const front = frontOf(group, live);
  const isWhole = front.length === live.length && front.length === group.members.positions.filter((at) => !isBehind(at, through)).length;
  const target = targetNamed(key.target);
  const run = runOf(passage, target, key.group, claim === undefined ? live : front);
  // What no table took may have a route by now.
  if (claim === undefined) return settleUnclaimed(passage, group, { run, live, isWhole: isWhole && target !== undefined, found });
  const last = front.at(-1);
  const holdsClaim = last !== undefined && last.record.position >= claim.last;
  // What no table took may be rows by now, and stays dead letters.
  if (holdsClaim && !group.ended && target !== undefined) return [...(await settleRun(run)), ...behind(live, front)];
  await run.gate.leave();
  return settlePart(passage, group, claim, target === undefined ? live.map(unroutable) : live);
}

/** Records at hand from the first undecided member on, as far as none is missing between them. */
function frontOf({ members, checkpoint: { through } }: FoundGroup, live: readonly DecodedRecord[]): DecodedRecord[] {
  const undecided = members.positions.filter((position) => !isBehind(position, through));
  const missing = undecided.findIndex((position, index) => live[index]?.record.position !== position);
  return live.slice(0, missing === -1 ? undecided.length : missing);
}

function behind(live: readonly DecodedRecord[], front: readonly DecodedRecord[]): Fate[] {
  return live.length === front.length ? [] : [again(live.slice(front.length))];
}

interface Unclaimed {
  readonly run: Run;
  readonly live: readonly DecodedRecord[];
  /** Whether all undecided members are at hand. */
  readonly isWhole: boolean;
  readonly found: readonly FoundGroup[];
}

/** Nothing is in doubt: the group is settled when it is whole, and otherwise its undecided members are set free. */
async function settleUnclaimed(passage: Passage, group: FoundGroup, { run, live, isWhole, found }: Unclaimed): Promise<readonly Fate[]> {
  const { ledger } = passage.ports;
  const isIntention = group.checkpoint.through === undefined;
  if (isIntention && isFresh(passage, group)) return yielded(passage, run, live);
  if (!isWhole) {
    await run.gate.leave();
    await ledger.end(group.key, group.checkpoint);
    return [again(live)];
  }
  const standing = isIntention ? await contend(passage, group.key, live, found) : 'won';
  if (standing === 'won') return settleRun(run);
  if (standing === 'yielded') return yielded(passage, run, live);
  await run.gate.leave();
  return [again(live)];
}

async function yielded(passage: Passage, run: Run, live: readonly DecodedRecord[]): Promise<readonly Fate[]> {
  await run.gate.leave();
  return [unsettled(passage, run.key.target, live, YIELDED)];
}

/** A claim of which some records are missing cannot be replayed: its state, or its label's, has to tell. */
async function settlePart(passage: Passage, group: FoundGroup, claim: Claim, live: readonly DecodedRecord[]): Promise<readonly Fate[]> {
  const { key, checkpoint } = group;
  const run = runOf(passage, targetNamed(key.target), key.group, live);
  try {
    if (!isDecided(claim.state)) {
      const step = await resolveByState(run, claim, checkpoint, live);
      return [step.kind === 'stop' ? unsettled(passage, key.target, live, step.reason) : again(live)];
    }
    if (claim.state.kind !== 'loaded') return await bury(passage, run, group, claim, claim.state);
    await settleLoaded(run, claim);
    return [again(live)];
  } finally {
    await run.gate.leave();
  }
}

/** Rows never share a group with poison: a load that is stored leaves nothing to do. */
async function settleLoaded({ key, ports }: Run, claim: Claim): Promise<void> {
  const totals = { rows: claim.rows, bytes: 0, loads: 1, deadLetters: 0 };
  await ports.ledger.move(key, { expect: present(claim), through: claim.last, routes: ROUTES, settled: totals });
}

/**
 * Rows of the claim are dead letters whenever they come; once all of them came together it is settled. What lies behind it must not wait for
 * that.
 */
async function bury(passage: Passage, run: Run, group: FoundGroup, claim: Claim, state: DecidedState): Promise<readonly Fate[]> {
  const { records } = run.table;
  const dead = records.filter(({ record }) => record.position <= claim.last);
  const rest = records.slice(dead.length);
  await deadLetterRows(
    run,
    dead.flatMap((record) => deadIn(record, state)),
    loadOf(claim, state),
  );
  if (group.ended) return [settled(dead), again(rest)];
  const { ledger } = passage.ports;
  if (isAllOf(group, claim, dead)) await ledger.move(group.key, buried(claim));
  else if (rest.length > 0) await ledger.end(group.key, group.checkpoint);
  return [settled(dead), again(rest)];
}

/** Whether the records are all undecided ones of the claim. */
function isAllOf({ members, checkpoint: { through } }: FoundGroup, claim: Claim, records: readonly DecodedRecord[]): boolean {
  return records.length === members.positions.filter((at) => at <= claim.last && !isBehind(at, through)).length;
}

function buried(claim: Claim): Move {
  const totals = { rows: 0, bytes: 0, loads: 0, deadLetters: claim.rows };
  return { expect: present(claim), through: claim.last, routes: ROUTES, settled: totals };
}
