import { type CheckpointKey, type Claim, type Ledger, LedgerUnavailable, type Move, type MoveResult } from '../../lib/ledger/checkpoint.ts';
import { memoryOutages, type Outages } from '../../lib/ledger/outage.ts';
import { type Position, spellPosition } from '../../lib/source/position.ts';
import { seconds } from '../../lib/units.ts';
import { type MemoryLedger, memoryLedger } from '../support/memory-ledger.ts';
import type { Machine } from './machine.ts';
import { reach } from './paths.ts';
import { mayDouble } from './scenario.ts';
import { numberOf } from './truth.ts';
import type { World } from './world.ts';

/** The one ledger of a world, and what is true of it at any moment. */
export interface SharedLedger {
  readonly outages: Outages;
  readonly table: MemoryLedger;
  /** Watched: no watermark may pass a record whose fate is not decided. */
  move(key: CheckpointKey, move: Move): Promise<MoveResult>;
}

/** The SDK asks four times for up to 5 s. */
const SDK_GIVES_UP = seconds(20);

/** Makes an empty ledger. */
export function newSharedLedger(world: World): SharedLedger {
  const table = memoryLedger();
  return {
    table,
    outages: memoryOutages(),
    move: async (key, move) => {
      const before = await table.read(key);
      const result = await table.move(key, move);
      if (result.kind === 'refused') return result;
      if (move.through !== undefined) watchThrough(world, key, before.through, move.through);
      if (before.claim !== undefined) watchClaim(world, before.claim, move);
      return result;
    },
  };
}

function watchThrough(
  { truth, scheduler, reached }: World,
  { source, target }: CheckpointKey,
  before: Position | undefined,
  through: Position,
): void {
  if (before !== undefined && through < before) truth.breaks(`the watermark of ${source.shard} into ${target} moves back`);
  const end = numberOf(spellPosition(through));
  const last = truth.records.get(end)?.aggregate;
  if (last !== undefined && truth.records.get(end + 1)?.aggregate === last) reach(reached, 'aggregate-parted');
  for (const record of truth.records.values()) {
    if (record.n > end || record.target !== target || !source.shard.endsWith(String(record.shard))) continue;
    truth.settle(record.n, scheduler.now());
    if (!truth.isSettled(record.n)) truth.breaks(`the watermark passes record ${record.n}, which is neither stored nor a dead letter`);
  }
}

/** A claim goes when its rows are settled, or when it is certain that they are not stored. */
function watchClaim({ truth, scenario }: World, { label }: Claim, { claim, through }: Move): void {
  if (mayDouble(scenario)) return;
  const settled = through === undefined ? -1 : numberOf(spellPosition(through));
  const gone = claim?.label !== label;
  if (gone && truth.isStoredUnsettled(label, (n) => n > settled)) truth.breaks(`the claim ${label} is given up, and its rows are stored`);
}

/** Asks DynamoDB for something, as its SDK does. */
export type Ask = <T>(what: string, effect: () => Promise<T>) => Promise<T>;

/** DynamoDB's SDK on one machine. */
export function sdkOn(machine: Machine, world: World): Ask {
  const { actor } = machine;
  const { faults } = world;
  const refuse = async (why: string): Promise<never> => {
    await machine.request(() => undefined);
    throw new LedgerUnavailable(why);
  };
  return async <T>(what: string, effect: () => Promise<T>): Promise<T> => {
    if (faults.strikes('ledger-throttled', actor)) return refuse('throttled');
    if (faults.strikes('ledger-silent', actor)) {
      if (actor.draw() < 0.5) void machine.request(effect);
      await machine.clock.sleep(SDK_GIVES_UP);
      return refuse('no answer');
    }
    const result = await machine.request(effect);
    if (!faults.strikes('ledger-reply-lost', actor)) return result;
    world.trace(actor.name, () => `${what}: the reply is lost`);
    if (actor.draw() < 0.3) return refuse('the reply was lost');
    return machine.request(effect);
  };
}

/** The ledger as one machine reaches it. */
export function ledgerFor(machine: Machine, world: World, shared: SharedLedger): Ledger {
  const { actor } = machine;
  const { faults, scheduler } = world;
  const ask = sdkOn(machine, world);
  return {
    read: (key) => ask('read', () => shared.table.read(key)),
    firstRedriven: (shard) => ask('first redriven', () => shared.table.firstRedriven(shard)),
    move: (key, move) =>
      ask('move', async () => {
        const effect = async (): Promise<MoveResult> => {
          const result = await shared.move(key, move);
          world.trace(actor.name, () => `ledger ${describeMove(key, move)} -> ${result.kind}`);
          return result;
        };
        if (faults.strikes('ledger-duplicate', actor)) scheduler.at(scheduler.now() + actor.draw() * 10_000, () => void effect());
        return effect();
      }),
  };
}

/** The outages as one machine reaches them. */
export function outagesFor(machine: Machine, world: World, outages: Outages): Outages {
  const ask = sdkOn(machine, world);
  return {
    write: (key, wanted) => ask('outage', () => outages.write(key, wanted)),
    clear: (key) => ask('outage', () => outages.clear(key)),
  };
}

function describeMove({ target }: CheckpointKey, { expect, through, claim }: Move): string {
  const wanted = expect.kind === 'vacant' ? 'vacant' : `holding ${expect.label}${expect.fence === undefined ? '' : ' unchanged'}`;
  const moves = through === undefined ? '' : `, through ${numberOf(spellPosition(through))}`;
  const claims = claim === undefined ? ', no claim' : `, claim ${claim.label} ${claim.state.kind} until ${claim.deadline}`;
  return `${target}: ${wanted}${moves}${claims}`;
}
