import { Contradicted, StoredOtherwise } from '../errors.ts';
import { LedgerUnavailable } from '../ledger/checkpoint.ts';
import { bodyOf } from '../plan/body.ts';
import { targetName } from '../plan/route.ts';
import type { Load, LoadOutcome, Rejection } from '../ports.ts';
import { SHORTEST_LOAD } from '../settle/run.ts';
import { spellPosition } from '../source/position.ts';
import type { LoadFacts } from '../telemetry.ts';
import { millis } from '../units.ts';
import { type Free, firstOf, type Held, hold, letGo, mayStart } from './held-load.ts';
import type { RedriveLoad } from './ledger.ts';
import { type Fate, kept, type Ready, type Redrive, rememberedBy } from './letters.ts';

/** How each record of a load fared. */
export type Fates = ReadonlyMap<Ready, Fate>;

/** Loads that one redrive of one table may still spend on finding bad rows, and whether the table takes any. */
export interface Budget {
  isolationLoads: number;
  /** Why nothing more is tried. */
  stopped: string | undefined;
}

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

async function put(redrive: Redrive, records: readonly Free[], held: Held): Promise<LoadOutcome> {
  const { ports, deadline } = redrive;
  const { target } = firstOf(records);
  const started = ports.clock.elapsed();
  const body = bodyOf(records.map(({ ready }) => ready.row));
  const { label } = held.load;
  const wanted: Load = {
    label,
    target,
    rows: records.length,
    body: [body],
    mayPack: false,
    mayStart: () => mayStart(redrive, held),
    inDoubt: false,
    mayCommit: async () => false,
    wouldBeKnown: () => rememberedBy(redrive, firstOf(records), held.load),
  };
  const outcome = await ports.doris.load(wanted, deadline).catch((error: unknown) => noteContradiction(redrive, records, held, error));
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

/** A redrive that comes later must not take the label for the rows. */
async function noteContradiction(redrive: Redrive, records: readonly Free[], held: Held, error: unknown): Promise<never> {
  if (error instanceof Contradicted)
    redrive.ports.telemetry.record({ kind: 'contradicted', ...factsOf(records, held.load), reason: error.message });
  if (error instanceof StoredOtherwise) {
    await letGo(redrive, held, { state: 'contradicted', reason: error.message }).catch((cause: unknown) => {
      if (!(cause instanceof LedgerUnavailable)) throw cause;
    });
  }
  throw error;
}

async function settle(redrive: Redrive, records: readonly Free[], held: Held, outcome: LoadOutcome, budget: Budget): Promise<Fates> {
  const { ports } = redrive;
  switch (outcome.kind) {
    // Somebody else may have taken the load for void while Doris took it: then both may have stored its rows.
    case 'committed':
      if ((await letGo(redrive, held, { state: 'stored' })) === 'stored')
        ports.doris.settled(firstOf(records).target.database, held.load.label);
      else ports.telemetry.record({ kind: 'claim-lost', ...factsOf(records, held.load) });
      return all(records, { kind: 'loaded', before: outcome.how === 'already-loaded' });
    case 'rejected-data':
      if ((await letGo(redrive, held, { state: 'void' })) !== 'void') return all(records, kept('another redrive has it in hand'));
      return await isolate(redrive, records, held, outcome.rejection, budget);
    case 'rejected-config':
    case 'overload':
    case 'unavailable':
      await letGo(redrive, held, { state: 'void' });
      return stop(records, outcome, budget);
    case 'running':
    case 'unknown':
    case 'unverifiable':
      await letGo(redrive, held, { state: 'open' });
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
