import { type Claim, isDecided } from '../../lib/ledger/checkpoint.ts';
import type { Cluster, Watch } from './doris/cluster.ts';
import { isGrouped, type Transaction } from './doris/transactions.ts';
import { type FaultKind, newFaults } from './faults.ts';
import { type Reached, reach } from './paths.ts';
import { mayArriveLate, mayDouble, type PlannedRecord, type Scenario } from './scenario.ts';
import { newScheduler } from './scheduler.ts';
import { doubledWithoutCause, finalFault, newTruth, numberOf } from './truth.ts';
import { ATTEMPT_GRACE, CLOCK_ERROR, CONNECT_TIMEOUT, EPOCH, type World } from './world.ts';

/** What to leave out of a seed's life. */
export interface Reduction {
  /** Only these kinds of faults happen, and often. */
  readonly among?: readonly FaultKind[];
  /** Only these faults happen. */
  readonly only?: ReadonlySet<string>;
  /** These records are not there. */
  readonly without?: ReadonlySet<number>;
}

/** How one life ended. */
export interface Life {
  readonly seed: number;
  /** The first broken promise. */
  readonly broken?: string;
  /** Identities of the faults that struck. */
  readonly struck: readonly string[];
  readonly records: readonly number[];
  readonly figures: World['figures'];
  /** Where it came, and how often. */
  readonly reached: Reached;
  /** What happened, when it was asked for. */
  readonly trace: readonly string[];
}

/** Lives through one seed. The same seed and reduction give the same life. */
export type Simulate = (seed: number, reduction?: Reduction, traced?: boolean) => Promise<Life>;

/** Sequence numbers by the numbers of their records. */
function shortened(text: string): string {
  return text.replace(/\b49\d{54}(:\d+)?\b/g, (sequenceNumber) => String(numberOf(sequenceNumber)));
}

/** Far more than any life takes that ends. */
const MOST_EVENTS = 200_000;

/** Lives through a scenario, from what `start` sets going to when nothing is left to happen. */
export async function liveThrough(scenario: Scenario, { only }: Reduction, traced: boolean, start: (world: World) => void): Promise<Life> {
  const { seed } = scenario;
  const trace: string[] = [];
  const scheduler = newScheduler();
  const note = (actor: string, text: () => string): void => {
    if (traced) trace.push(`${scheduler.now().toFixed(0).padStart(10)} ${actor.padEnd(22)} ${shortened(text())}`);
  };
  const faults = newFaults(seed, scenario.rates, only, (actor, text) => note(actor, () => text));
  const truth = newTruth(scenario);
  const figures = { invocations: 0, loads: 0, attempts: 0 };
  const reached: Reached = new Map();
  const world: World = { scenario, scheduler, faults, truth, figures, reached, waiting: new Map(), trace: note };
  scheduler.at(0, () => start(world));
  let events = 0;
  await scheduler.run(() => {
    if (++events > MOST_EVENTS) truth.breaks('it does not end');
    return truth.broken() !== undefined;
  });
  reach(reached, 'expired', truth.expired.size);
  const broken = truth.broken() ?? finalFault(truth) ?? doubledWithoutCause(scenario, truth, faults.struck);
  note('end', () => broken ?? 'all is well');
  return {
    seed,
    struck: faults.struck,
    records: [...truth.records.keys()],
    figures,
    reached,
    trace,
    ...(broken === undefined ? {} : { broken: shortened(broken) }),
  };
}

const OFTEN = 0.15;

/** A scenario without what is left out. */
export function reduced<S extends Scenario>(scenario: S, { without, among }: Reduction): S {
  return {
    ...scenario,
    ...(among === undefined ? {} : { rates: new Map(among.map((kind) => [kind, OFTEN])) }),
    shards: scenario.shards.map((shard) => ({
      ...shard,
      records: shard.records.filter((record) => isKept(record, shard.records, without)),
    })),
  };
}

/** A user record stays while one behind it in its aggregate does: positions count from the aggregate's first. */
function isKept({ n, aggregate }: PlannedRecord, all: readonly PlannedRecord[], without: ReadonlySet<number> = new Set()): boolean {
  if (!without.has(n)) return true;
  return aggregate !== undefined && all.some((other) => other.aggregate === aggregate && other.n > n && !without.has(other.n));
}

/** When faults happen. */
export interface Storm {
  beforeDelivery(): void;
  isOver(): boolean;
}

/** Stormy weather for some deliveries; then nothing goes wrong any more. An outage may last longer. */
export function newStorm({ scenario, faults }: World, cluster: Cluster, lasts: () => boolean = () => false): Storm {
  let deliveries = 0;
  const isStormy = (): boolean => deliveries <= scenario.stormyDeliveries;
  return {
    isOver: () => !isStormy() && !lasts(),
    beforeDelivery: () => {
      deliveries += 1;
      if (isStormy()) return cluster.weather();
      faults.calm();
      if (!lasts()) cluster.mend();
    },
  };
}

/** A load begins in time and is stored only while its claim stands open: whoever gave the claim up was sure that this could not happen any more. */
export function watchOver({ truth, scheduler, scenario }: World, claims: () => Iterable<Claim | undefined>): Watch {
  const claimOf = ({ label }: Transaction): Claim | undefined => {
    for (const claim of claims()) if (claim?.label === label && !isDecided(claim.state)) return claim;
    return undefined;
  };
  return {
    onBegin: (transaction, machine) => {
      if (mayArriveLate(scenario)) return;
      const { label } = transaction;
      const over = machine.clock.elapsed() > machine.loadsUntil() + CONNECT_TIMEOUT;
      if (over) truth.breaks(`a load begins under ${label} after the deadline of its invocation`);
      if (isGrouped(label)) return;
      const claim = claimOf(transaction);
      if (claim === undefined && !mayDouble(scenario)) truth.breaks(`a load begins under ${label}, which nobody claims`);
      const late = claim !== undefined && EPOCH + scheduler.now() - CLOCK_ERROR - ATTEMPT_GRACE > claim.deadline;
      if (late) truth.breaks(`a load begins under ${label} after the lease of its claim`);
    },
    onCommit: (transaction) => {
      // Where some machines use group commit, a load in doubt is not waited for.
      if (mayDouble(scenario)) return;
      const claim = claimOf(transaction);
      if (claim === undefined) truth.breaks(`rows are stored under ${transaction.label}, which nobody claims any more`);
      if (claim?.state.kind === 'unseen') truth.breaks(`rows are visible under ${transaction.label} before the ledger has the load`);
    },
  };
}
