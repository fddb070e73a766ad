import { allows, type Checkpoint, type CheckpointKey, moved } from '../../lib/ledger/checkpoint.ts';
import { type FoundGroup, GROUP_SPAN, type GroupKey, type GroupLedger, GroupLost } from '../../lib/ledger/group.ts';
import { type Members, unpackMembers } from '../../lib/ledger/members.ts';
import { epochMillis } from '../../lib/units.ts';

/** A group as it is kept. */
export interface StoredGroup {
  readonly key: GroupKey;
  readonly packed: Uint8Array;
  readonly members: Members;
  readonly registeredAt: number;
  checkpoint: Checkpoint;
  ended: boolean;
}

/** Groups by name. */
export type StoredGroups = Map<string, StoredGroup>;

/** A ledger of groups in memory. Passes the same contract suite as the one on DynamoDB. */
export interface MemoryGroups extends GroupLedger {
  readonly groups: ReadonlyMap<string, StoredGroup>;
}

/** @param groups - where they are kept: shared by all whose clocks write into the same table. */
export function memoryGroups(now: () => number, groups: StoredGroups = new Map()): MemoryGroups {
  const partitionOf = ({ loader, source }: Pick<GroupKey, 'loader' | 'source'>) =>
    JSON.stringify([loader, source.streamName, source.topicName, source.shard]);
  const nameOf = (key: GroupKey) => `${partitionOf(key)} ${key.group.sort}`;
  const living = (key: CheckpointKey): StoredGroup => {
    const stored = groups.get(nameOf(key as GroupKey));
    if (stored === undefined || stored.ended) throw new GroupLost('gone');
    return stored;
  };
  return {
    groups,
    read: async (key) => living(key).checkpoint,
    firstRedriven: async () => undefined,
    move: async (key, move) => {
      const stored = living(key);
      if (!allows(stored.checkpoint, move)) return { kind: 'refused', current: stored.checkpoint };
      stored.checkpoint = moved(stored.checkpoint, move);
      return { kind: 'moved' };
    },
    find: async (loader, source, first, last) =>
      [...groups.values()]
        .map(
          ({ key, members, registeredAt, checkpoint, ended }): FoundGroup => ({
            key,
            members,
            checkpoint,
            ended,
            registeredAt: epochMillis(registeredAt),
          }),
        )
        .filter(({ key, members: { positions } }) => {
          const [from = '', to = ''] = [positions[0], positions.at(-1)];
          const near = to >= first && BigInt(to) <= BigInt(last) + GROUP_SPAN && from <= last;
          return near && partitionOf(key) === partitionOf({ loader, source });
        })
        .toSorted((a, b) => (a.key.group.sort < b.key.group.sort ? -1 : 1)),
    register: async (key, packed) => {
      // Asked again after a lost reply.
      if (groups.has(nameOf(key))) return;
      groups.set(nameOf(key), { key, packed, members: unpackMembers(packed), registeredAt: now(), checkpoint: {}, ended: false });
    },
    end: async (key, { through, claim }) => {
      const stored = groups.get(nameOf(key));
      if (stored === undefined || stored.checkpoint.through !== through || stored.checkpoint.claim?.fence !== claim?.fence) return false;
      stored.ended = true;
      return true;
    },
  };
}
