import type { Claim, Move, MoveResult } from '../../../lib/ledger/checkpoint.ts';
import type { GroupKey, GroupLedger } from '../../../lib/ledger/group.ts';
import { iggyPosition, type Position } from '../../../lib/source/position.ts';
import { memoryGroups, type StoredGroup, type StoredGroups } from '../../support/memory-groups.ts';
import { type Ask, sdkOn } from '../ledger.ts';
import type { Machine } from '../machine.ts';
import type { World } from '../world.ts';
import type { Identity, QueueScenario } from './scenario.ts';

/** The one ledger of a world. */
export interface SharedGroups {
  readonly groups: StoredGroups;
  readonly identities: ReadonlyMap<number, Identity>;
}

/** Makes an empty ledger. */
export function newSharedGroups({ identities }: QueueScenario): SharedGroups {
  return { groups: new Map(), identities };
}

/** Claims that stand in the ledger now. */
export function claimsIn({ groups }: SharedGroups): (Claim | undefined)[] {
  return [...groups.values()].map(({ checkpoint }) => checkpoint.claim);
}

/** The ledger as one machine reaches it. */
export function groupsFor(machine: Machine, world: World, shared: SharedGroups): GroupLedger {
  const { actor, clock } = machine;
  const { faults, scheduler } = world;
  const table = memoryGroups(clock.now, shared.groups);
  const ask = thrownHere(sdkOn(machine, world));
  /** The network may bring a write once more. */
  const write = <T>(what: string, work: () => Promise<T>): Promise<T> =>
    ask(what, async () => {
      const effect = async (): Promise<T> => {
        const result = await work();
        world.trace(
          actor.name,
          () => `ledger ${what} -> ${JSON.stringify(result, (name, value) => (name === 'current' ? undefined : value))}`,
        );
        return result;
      };
      if (faults.strikes('ledger-duplicate', actor)) {
        scheduler.at(scheduler.now() + actor.draw() * 10_000, () => void effect().catch(() => {}));
      }
      return effect();
    });
  return {
    read: (key) => ask('read', () => table.read(key)),
    firstRedriven: (shard) => ask('first redriven', () => table.firstRedriven(shard)),
    move: (key, move) => write(describe(key as GroupKey, move), () => watched(world, shared, key as GroupKey, () => table.move(key, move))),
    find: async (...args) => {
      // Two pages of a query: what is written between them may be seen or not.
      const [early, late] = [await ask('find', () => table.find(...args)), await ask('find', () => table.find(...args))];
      const middle = early[Math.floor(early.length / 2)]?.key.group.sort ?? '';
      const pages = [...early.filter(({ key }) => key.group.sort < middle), ...late.filter(({ key }) => key.group.sort >= middle)];
      world.trace(actor.name, () => `finds ${pages.map(({ key }) => key.group.sort)}`);
      return pages;
    },
    register: (key, members) => write(`registers ${key.group.sort}`, () => table.register(key, members)),
    end: (key, checkpoint) => write(`ends ${key.group.sort}`, () => table.end(key, checkpoint)),
  };
}

/** What an effect throws must reach who asked for it, and nobody else when he is dead. */
function thrownHere(ask: Ask): Ask {
  return async (what, effect) => {
    const result = await ask(what, () => effect().then(...SETTLED));
    if ('thrown' in result) throw result.thrown;
    return result.value;
  };
}

const SETTLED = [<T>(value: T) => ({ value }), (thrown: unknown) => ({ thrown })] as const;

/** No watermark passes a member that is not settled, and no claim is given up whose rows are stored. */
async function watched(
  { truth }: World,
  { groups, identities }: SharedGroups,
  key: GroupKey,
  work: () => Promise<MoveResult>,
): Promise<MoveResult> {
  const stored = [...groups.values()].find((group) => group.key.group.sort === key.group.sort);
  const before = stored?.checkpoint;
  const result = await work();
  if (result.kind === 'refused' || stored === undefined || before === undefined) return result;
  const positionOf = (n: number): Position => iggyPosition(String(identities.get(n)?.offset));
  const through = stored.checkpoint.through ?? '';
  if ((before.through ?? '') > through) truth.breaks(`the watermark of ${key.group.sort} moves back`);
  for (const n of truth.records.keys()) {
    if (!truth.isSettled(n) && positionOf(n) <= through && isMember(stored, key, identities.get(n)))
      truth.breaks(`the watermark passes record ${n}, which is neither stored nor a dead letter`);
  }
  const { claim } = before;
  const isGone = claim !== undefined && claim.label !== stored.checkpoint.claim?.label;
  if (isGone && truth.isStoredUnsettled(claim.label, (n) => positionOf(n) > through))
    truth.breaks(`the claim ${claim.label} is given up, and its rows are stored`);
  return result;
}

function isMember({ members }: StoredGroup, { source }: GroupKey, identity: Identity | undefined): boolean {
  if (identity === undefined || String(identity.partition) !== source.shard) return false;
  const { offset, id, timestamp } = identity;
  return members.has({ position: iggyPosition(String(offset)), iggy: { id, timestamp: String(timestamp) } });
}

function describe({ target, group }: GroupKey, { expect, through, claim }: Move): string {
  const wanted = expect.kind === 'vacant' ? 'vacant' : `holding ${expect.label}${expect.fence === undefined ? '' : ' unchanged'}`;
  const moves = through === undefined ? '' : `, through ${BigInt(through)}`;
  const claims = claim === undefined ? ', no claim' : `, claim ${claim.label} ${claim.state.kind} until ${claim.deadline}`;
  return `${target} ${group.sort}: ${wanted}${moves}${claims}`;
}
