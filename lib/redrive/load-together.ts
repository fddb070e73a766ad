import { type Deadline, deadlineIn } from '../deadline.ts';
import { inLanes } from '../in-lanes.ts';
import { drawNonce } from '../nonce.ts';
import { bodyOf } from '../plan/body.ts';
import { labelOf } from '../plan/label.ts';
import { targetName } from '../plan/route.ts';
import type { LoadOutcome, Rejection } from '../ports.ts';
import { columnsOf, SHORTEST_LOAD } from '../settle/run.ts';
import { spellPosition } from '../source/position.ts';
import type { LoadFacts } from '../telemetry.ts';
import { type EpochMillis, epochMillis, millis, seconds } from '../units.ts';
import { LANES } from './lanes.ts';
import type { LetterState, LoadKey, RedriveLoad } from './ledger.ts';
import { type Fate, kept, keyOf, type Ready, type Redrive, rememberedBy } from './letters.ts';

/** A record that may be loaded, and how the ledger had it. */
export interface Free {
  readonly ready: Ready;
  readonly seen: LetterState;
}

/** How each record of a load fared. */
export type Fates = ReadonlyMap<Ready, Fate>;

/** Loads that one redrive of one table may still spend on finding bad rows, and whether the table takes any. */
export interface Budget {
  isolationLoads: number;
  /** Why nothing more is tried. */
  stopped: string | undefined;
}

/** For so long a load lets its holder start attempts; then it is renewed. A successor waits no longer than this and the grace. */
const LEASE = seconds(10);

/**
 * Loads records of one shard into their table under the label that exactly these make:
 *
 *     ledger:  open ──► bind each record ──────────────► stored
 *     Doris:                                PUT (label)
 *
 * The fate of all of them is one attribute of one item. A crash leaves an open load, which the next redrive that meets one of its records
 * resolves before it does anything else. Where one record is bound elsewhere meanwhile nothing is put, and the load is void.
 */
export async function loadTogether(redrive: Redrive, records: readonly Free[], budget: Budget): Promise<Fates> {
  if (budget.stopped !== undefined) return all(records, kept(budget.stopped));
  if (redrive.deadline.remaining() < SHORTEST_LOAD) return all(records, kept('no time left'));
  const held = await hold(redrive, records);
  if (held === undefined) return all(records, kept('another redrive has it in hand, or some that go with it'));
  const outcome = await put(redrive, records, held);
  return await settle(redrive, records, held, outcome, budget);
}

function all(records: readonly Free[], fate: Fate): Fates {
  return new Map(records.map(({ ready }) => [ready, fate]));
}

/** A load that this redrive holds. */
interface Held {
  readonly key: LoadKey;
  load: RedriveLoad;
  lease: Deadline;
}

async function hold(redrive: Redrive, records: readonly Free[]): Promise<Held | undefined> {
  const { ports, rules } = redrive;
  const { source, target } = firstOf(records);
  const witness = ports.doris.witness(target.database);
  const columns = columnsOf(rules);
  const lease = leaseOf(redrive);
  const load: RedriveLoad = {
    label: labelOf(rules.labelPrefix, { source, target, members: records.map(({ ready }) => ready.row.record) }),
    state: 'open',
    rows: records.length,
    deadline: lease.at,
    claimedAt: ports.clock.now(),
    fence: drawNonce(ports.clock),
    ...(witness === undefined ? {} : { witness }),
    ...(columns === undefined ? {} : { columns }),
  };
  const key = { loader: rules.labelPrefix, source, name: `${load.label}#${drawNonce(ports.clock).toString(36)}` };
  await ports.ledger.open(key, load);
  const held: Held = { key, load, lease };
  if (await bindAll(redrive, records, key)) return held;
  await letGo(redrive, held, 'void');
  return undefined;
}

/** The first record alone, so that of two redrives of the same records one turns back early. */
async function bindAll({ ports, rules }: Redrive, [first, ...rest]: readonly Free[], { name }: LoadKey): Promise<boolean> {
  const bind = ({ ready, seen }: Free): Promise<boolean> => ports.ledger.bind(keyOf(rules, ready), seen, name);
  if (first === undefined || !(await bind(first))) return false;
  return (await inLanes(rest, LANES, bind)).every(Boolean);
}

function firstOf(records: readonly Free[]): Ready {
  const [first] = records;
  if (first === undefined) throw new TypeError('a load without records');
  return first.ready;
}

function leaseOf({ deadline, ports }: Redrive): Deadline {
  return deadlineIn(millis(Math.min(LEASE, deadline.remaining())), ports.clock);
}

async function put(redrive: Redrive, records: readonly Free[], held: Held): Promise<LoadOutcome> {
  const { ports, deadline } = redrive;
  const { target } = firstOf(records);
  const started = ports.clock.elapsed();
  const body = bodyOf(records.map(({ ready }) => ready.row));
  const { label } = held.load;
  const outcome = await ports.doris.load(
    {
      label,
      target,
      rows: records.length,
      body: [body],
      mayStart: () => mayStart(redrive, held),
      inDoubt: false,
      mayCommit: async () => false,
      wouldBeKnown: () => rememberedBy(redrive, firstOf(records), held.load),
    },
    deadline,
  );
  ports.telemetry.record({
    kind: 'load',
    ...factsOf(records, held.load),
    bytes: body.length,
    attempts: outcome.attempts,
    outcome: outcome.kind,
    replay: false,
    took: millis(ports.clock.elapsed() - started),
    ...('reason' in outcome ? { reason: outcome.reason } : {}),
  });
  return outcome;
}

/** By both clocks: the one that never jumps may have stood still while the machine did, and others go by the wall clock. */
async function mayStart(redrive: Redrive, held: Held): Promise<boolean> {
  const { clock, ledger } = redrive.ports;
  const runs = (): boolean => held.lease.remaining() > 0 && clock.now() < held.lease.at;
  if (runs()) return true;
  const lease = leaseOf(redrive);
  const renewed = { ...held.load, deadline: lease.at, fence: drawNonce(clock) };
  const now = await ledger.write(held.key, renewed, held.load.fence);
  if (now.fence !== renewed.fence) return false;
  held.load = renewed;
  held.lease = lease;
  return runs();
}

async function settle(redrive: Redrive, records: readonly Free[], held: Held, outcome: LoadOutcome, budget: Budget): Promise<Fates> {
  const { ports } = redrive;
  switch (outcome.kind) {
    // Somebody else may have taken the load for void while Doris took it: then both may have stored its rows.
    case 'committed':
      if ((await letGo(redrive, held, 'stored')) === 'stored') ports.doris.settled(firstOf(records).target.database, held.load.label);
      else ports.telemetry.record({ kind: 'claim-lost', ...factsOf(records, held.load) });
      return all(records, { kind: 'loaded', before: outcome.how === 'already-loaded' });
    case 'rejected-data':
      if ((await letGo(redrive, held, 'void')) !== 'void') return all(records, kept('another redrive has it in hand'));
      return await isolate(redrive, records, held, outcome.rejection, budget);
    case 'rejected-config':
    case 'overload':
    case 'unavailable':
      await letGo(redrive, held, 'void');
      return stop(records, outcome, budget);
    case 'running':
    case 'unknown':
    case 'unverifiable':
      await letGo(redrive, held, 'open');
      return stop(records, outcome, budget);
    default:
      return outcome satisfies never;
  }
}

/** The table is in no state to take more. */
function stop(records: readonly Free[], { kind, reason }: LoadOutcome & { readonly reason: string }, budget: Budget): Fates {
  budget.stopped = `${kind}: ${reason}`;
  return all(records, kept(budget.stopped));
}

/**
 * Writes down how the load stands; an open one with the note that no more attempts start, so that a successor need not wait for its lease.
 * @returns how the ledger has it now.
 */
async function letGo({ ports: { ledger, clock } }: Redrive, held: Held, state: RedriveLoad['state']): Promise<RedriveLoad['state']> {
  const deadline: EpochMillis = state === 'open' ? clock.now() : epochMillis(0);
  const next = { ...held.load, state, deadline, fence: drawNonce(clock) };
  return (await ledger.write(held.key, next, state === 'stored' ? undefined : held.load.fence)).state;
}

function factsOf(records: readonly Free[], { label, rows }: RedriveLoad): LoadFacts {
  const { source, target, row } = firstOf(records);
  const last = records.at(-1)?.ready.row ?? row;
  const span = { first: spellPosition(row.record.position), last: spellPosition(last.record.position) };
  return { source, target: targetName(target), label, rows, ...span };
}

/** Halves records until those that Doris refuses stand alone; their letters stay. */
async function isolate(redrive: Redrive, records: readonly Free[], held: Held, rejection: Rejection, budget: Budget): Promise<Fates> {
  if (records.length === 1) return all(records, { kind: 'refused', reason: rejection.reason });
  const { counted } = rejection;
  if (counted.filtered >= redrive.rules.fuseRows && counted.filtered > counted.total * redrive.rules.fuseShare) {
    budget.stopped = `fuse blown: Doris refuses ${counted.filtered} of ${counted.total}, which looks like a schema mistake: ${rejection.reason}`;
    return all(records, kept(budget.stopped));
  }
  const freed = records.map(({ ready }): Free => ({ ready, seen: { kind: 'bound', load: held.key.name } }));
  const middle = Math.ceil(records.length / 2);
  const left = await loadHalf(redrive, freed.slice(0, middle), budget);
  return new Map([...left, ...(await loadHalf(redrive, freed.slice(middle), budget))]);
}

async function loadHalf(redrive: Redrive, half: readonly Free[], budget: Budget): Promise<Fates> {
  if (--budget.isolationLoads < 0) budget.stopped ??= 'ISOLATION_LOADS were spent on finding records that Doris refuses';
  return await loadTogether(redrive, half, budget);
}
