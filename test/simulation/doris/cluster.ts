import type { Actor } from '../faults.ts';
import type { Machine } from '../machine.ts';
import { reach } from '../paths.ts';
import { oneOf } from '../random.ts';
import { type Nature, UNPACKINGS, type Unpacking } from '../scenario.ts';
import type { World } from '../world.ts';
import { isGrouped, newTransactions, type Transaction, type Transactions } from './transactions.ts';

/** Two frontends, the first one master at the start, and two backends. */
export const FRONTENDS = ['fe1.doris:8030', 'fe2.doris:8030'] as const;
export const BACKENDS = ['be1.doris:8040', 'be2.doris:8040'] as const;

/** Sees what happens to transactions, as no client can. */
export interface Watch {
  /** A machine's request begins one. */
  onBegin(transaction: Transaction, machine: Machine): void;
  onCommit(transaction: Transaction): void;
}

/** The simulated Doris. */
export interface Cluster {
  readonly transactions: Transactions;
  readonly watch: Watch;
  /** Luck of what no loader causes. */
  readonly actor: Actor;
  master(): string;
  isDown(host: string): boolean;
  refuses(nature: Nature): boolean;
  /** What the next packed load comes to. */
  unpacks(): Unpacking;
  /** Counts restarts of a backend: whoever remembers another number lost his connection. */
  life(backend: string): number;
  /** Takes the rows of a transaction and holds them back, for an hour at most. False when it is not in PREPARE any more. */
  precommit(transaction: Transaction, rows: readonly number[]): boolean;
  /** Stores the rows of a transaction for good. False when it is in neither PREPARE nor PRECOMMITTED. */
  commit(transaction: Transaction, rows: readonly number[]): boolean;
  /** Rows that a query finds. */
  readonly visible: ReadonlySet<number>;
  /** Becomes visible after the span. */
  publishIn(transaction: Transaction, span: number): void;
  abortIn(transaction: Transaction, span: number): void;
  /** Everything goes down for up to a minute, as often when a reply is lost. */
  breakDown(): void;
  /** Lets the weather of one delivery happen around it. */
  weather(): void;
  /** Mends what lasts: nodes, tables. */
  mend(): void;
}

interface Condition {
  master: number;
  downUntil: number;
  mistakenUntil: number;
  readonly lives: Map<string, number>;
}

const HOUR = 3_600_000;

/** `stream_load_default_precommit_timeout_second`. */
const HELD_BACK = HOUR;

/** A cluster in good health. */
export function newCluster(world: World, watch: Watch): Cluster {
  const { scheduler, faults, truth, scenario } = world;
  const actor = faults.actor('doris');
  const releases = faults.actor('releases');
  const transactions = newTransactions({
    now: scheduler.now,
    threshold: scenario.labelThreshold,
    crowdedOutAfter: scenario.crowdedOutAfter,
    earlier: scenario.earlierTransactions,
  });
  const visible = new Set<number>();
  const condition: Condition = { master: 0, downUntil: 0, mistakenUntil: 0, lives: new Map() };
  const soon = (run: () => void): void => void scheduler.at(scheduler.now() + actor.draw() * 6_000, run);
  const cluster: Cluster = {
    transactions,
    watch,
    actor,
    master: () => FRONTENDS[condition.master % FRONTENDS.length] ?? FRONTENDS[0],
    isDown: () => scheduler.now() < condition.downUntil,
    refuses: (nature) => nature === 'refused' || (nature === 'picky' && scheduler.now() < condition.mistakenUntil),
    unpacks: () => {
      const { packing } = scenario;
      if (packing === 'off') throw new Error('a load is packed that must not be');
      return packing === 'mixed' ? oneOf(releases.draw, UNPACKINGS) : packing;
    },
    life: (backend) => condition.lives.get(backend) ?? 0,
    precommit: (transaction, rows) => {
      if (!transactions.precommit(transaction, rows)) return false;
      world.trace('doris', () => `holds transaction ${transaction.id} of ${transaction.label} back: rows ${rows}`);
      scheduler.at(scheduler.now() + HELD_BACK, () => transactions.expire(transaction));
      return true;
    },
    commit: (transaction, rows) => {
      if (!transactions.commit(transaction, rows)) return false;
      world.trace('doris', () => `commits transaction ${transaction.id} of ${transaction.label}: rows ${rows}`);
      watch.onCommit(transaction);
      if (isGrouped(transaction.label)) {
        reach(world.reached, 'grouped');
        if (rows.some((n) => truth.stored.has(n))) reach(world.reached, 'grouped-twice');
      }
      truth.store(rows);
      return true;
    },
    publishIn: (transaction, span) =>
      void scheduler.at(scheduler.now() + span, () => {
        transactions.publish(transaction);
        for (const row of transaction.rows) visible.add(row);
      }),
    visible,
    abortIn: (transaction, span) => void scheduler.at(scheduler.now() + span, () => transactions.abort(transaction)),
    breakDown: () => {
      condition.downUntil = Math.max(condition.downUntil, scheduler.now() + actor.draw() * 60_000);
    },
    weather: () => {
      if (faults.strikes('outage', actor))
        soon(() => {
          condition.downUntil = scheduler.now() + longOrShort(actor.draw(), actor.draw());
        });
      if (faults.strikes('schema-mistake', actor)) condition.mistakenUntil = scheduler.now() + longOrShort(actor.draw(), actor.draw());
      if (faults.strikes('labels-crowded-out', actor)) soon(transactions.crowdOut);
      if (faults.strikes('master-failover', actor)) soon(() => failOver(world, cluster, condition));
      if (faults.strikes('backend-restart', actor)) soon(() => restart(world, cluster, condition));
    },
    mend: () => {
      condition.downUntil = 0;
      condition.mistakenUntil = 0;
    },
  };
  return cluster;
}

/** Mostly less than a minute, else up to 48 h. */
function longOrShort(which: number, luck: number): number {
  return which < 0.7 ? luck * 60_000 : luck * 48 * HOUR;
}

function failOver({ trace }: World, { transactions }: Cluster, condition: Condition): void {
  condition.master += 1;
  for (const transaction of transactions.prepared()) {
    trace('doris', () => `the new master does not know transaction ${transaction.id}`);
    transactions.lose(transaction);
  }
}

/** The frontend hears of it from the next heartbeat. */
function restart({ trace }: World, cluster: Cluster, condition: Condition): void {
  const backend = BACKENDS[Math.floor(cluster.actor.draw() * BACKENDS.length)] ?? BACKENDS[0];
  trace('doris', () => `${backend} restarts`);
  condition.lives.set(backend, cluster.life(backend) + 1);
  for (const transaction of cluster.transactions.prepared()) {
    if (transaction.backend === backend) cluster.abortIn(transaction, cluster.actor.draw() * 10_000);
  }
}
