import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { ContractViolation } from '../../../lib/errors.ts';
import { type Claim, LedgerUnavailable } from '../../../lib/ledger/checkpoint.ts';
import { dynamoGroups } from '../../../lib/ledger/dynamodb-groups.ts';
import { type GroupKey, type GroupLedger, GroupLost } from '../../../lib/ledger/group.ts';
import type { Item } from '../../../lib/ledger/item.ts';
import { packMembers, unpackMembers } from '../../../lib/ledger/members.ts';
import type { Label } from '../../../lib/plan/label.ts';
import { iggyPosition, kinesisPosition } from '../../../lib/source/position.ts';
import type { IggyPartition } from '../../../lib/source/record.ts';
import { epochMillis } from '../../../lib/units.ts';
import { type LedgerServer, startLedgerServer, TABLE } from '../../support/ledger-server.ts';
import { memoryGroups } from '../../support/memory-groups.ts';

let partitions = 0;

function freshPartition(changes: Partial<IggyPartition> = {}): IggyPartition {
  return { kind: 'iggy', stream: 'shop/orders', streamName: 'shop', topicName: 'orders', shard: String(partitions++), ...changes };
}

const at = (offset: number | bigint) => iggyPosition(String(offset));
const record = (offset: number | bigint, id = '0'.repeat(32), timestamp = '1') => ({ position: at(offset), iggy: { id, timestamp } });
const recordsOf = (...offsets: readonly number[]) => offsets.map((offset) => record(offset));

/** A group of these offsets. */
function groupOf(source: IggyPartition, offsets: readonly number[], nonce = 'n'): { key: GroupKey; members: Uint8Array } {
  const group = { sort: `${at(offsets.at(-1) ?? 0)}#${nonce}` };
  return { key: { loader: 'test', source, target: 'db.t', group }, members: packMembers(recordsOf(...offsets)) };
}

function claimOf(label: string, first: number, last: number): Claim {
  return {
    state: { kind: 'open' },
    label: label as Label,
    first: at(first),
    last: at(last),
    rows: 1,
    routes: 'group',
    origin: 'cut',
    deadline: epochMillis(1_700_000_060_000),
    fence: 7,
    claimedAt: epochMillis(1_700_000_000_000),
  };
}

const claiming = (label: string, first: number, last: number) =>
  ({ expect: { kind: 'vacant', before: at(first) }, claim: claimOf(label, first, last) }) as const;
const settling = (label: string, through: number) =>
  ({ expect: { kind: 'holding', label: label as Label }, through: at(through), routes: 'group' }) as const;

const backends: Record<string, () => Promise<{ ledger: GroupLedger; close: () => Promise<void> }>> = {
  memory: async () => ({ ledger: memoryGroups(Date.now), close: async () => {} }),
  dynoxide: () => dynamo('dynoxide'),
  dynalite: () => dynamo('dynalite'),
};

async function dynamo(engine: 'dynoxide' | 'dynalite') {
  const { client, close } = await startLedgerServer(engine);
  return { ledger: dynamoGroups(client, TABLE, systemClock), close };
}

describe.each(Object.keys(backends))('groups in %s', (name) => {
  let ledger: GroupLedger;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const opened = await backends[name]?.();
    if (opened === undefined) throw new Error('no backend');
    ({ ledger, close } = opened);
  });
  afterAll(() => close());

  const found = async (source: IggyPartition, first: number, last: number) =>
    (await ledger.find('test', source, at(first), at(last))).map(({ members }) => members.positions.map(Number));

  it('are found by any offset between their first and last, and not beyond', async () => {
    const source = freshPartition();
    for (const offsets of [[1, 2, 3], [10], [5, 900]]) {
      const { key, members } = groupOf(source, offsets);
      await ledger.register(key, members);
    }

    expect(await found(source, 2, 2)).toEqual([[1, 2, 3]]);
    expect(await found(source, 4, 4)).toEqual([]);
    expect(await found(source, 3, 10)).toEqual([[1, 2, 3], [10], [5, 900]]);
    expect(await found(source, 901, 5000)).toEqual([]);
  });

  it('of partitions with look-alike names are kept apart', async () => {
    const shard = String(partitions++);
    const one = freshPartition({ streamName: 'a/b', topicName: 'c', shard });
    const other = freshPartition({ streamName: 'a', topicName: 'b/c', shard });
    const { key, members } = groupOf(one, [1]);
    await ledger.register(key, members);

    expect(await found(one, 1, 1)).toEqual([[1]]);
    expect(await found(other, 1, 1)).toEqual([]);
  });

  it('are registered once for each name, however often a registration is sent', async () => {
    const source = freshPartition();
    const [one, other] = [groupOf(source, [1, 2], 'one'), groupOf(source, [1, 2], 'other')];
    await ledger.register(one.key, one.members);
    await ledger.move(one.key, claiming('l', 1, 2));
    await ledger.register(other.key, other.members);

    await ledger.register(one.key, one.members);

    expect(await found(source, 1, 2)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(await ledger.read(one.key)).toMatchObject({ claim: { label: 'l' } });
    expect(await ledger.read(other.key)).toEqual({});
  });

  it('are intentions until a claim, and can be ended as such so long', async () => {
    const source = freshPartition();
    const { key, members } = groupOf(source, [1, 2]);
    await ledger.register(key, members);

    expect(await ledger.end(key, {})).toBe(true);

    expect(await ledger.find('test', source, at(1), at(2))).toMatchObject([{ ended: true, checkpoint: {} }]);
  });

  it('with a claim are no intentions any more, nor when they are settled', async () => {
    const source = freshPartition();
    const { key, members } = groupOf(source, [1, 2]);
    await ledger.register(key, members);

    expect(await ledger.move(key, claiming('l', 1, 2))).toEqual({ kind: 'moved' });
    expect(await ledger.end(key, {})).toBe(false);
    expect(await ledger.move(key, settling('l', 2))).toEqual({ kind: 'moved' });
    expect(await ledger.end(key, {})).toBe(false);

    const [group] = await ledger.find('test', source, at(1), at(1));
    expect(group?.checkpoint).toEqual({ through: at(2), routes: 'group' });
  });

  it('that were ended take no claim, also when the network brings their registration once more', async () => {
    const source = freshPartition();
    const { key, members } = groupOf(source, [1, 2]);
    await ledger.register(key, members);
    await ledger.end(key, {});

    await expect(ledger.move(key, claiming('l', 1, 2))).rejects.toThrow(GroupLost);
    await ledger.register(key, members);
    await expect(ledger.move(key, claiming('l', 1, 2))).rejects.toThrow(GroupLost);
    await expect(ledger.read(key)).rejects.toThrow(GroupLost);
  });

  it('tell a claim that somebody else holds', async () => {
    const source = freshPartition();
    const { key, members } = groupOf(source, [1, 2]);
    await ledger.register(key, members);
    await ledger.move(key, claiming('l', 1, 2));

    expect(await ledger.move(key, claiming('m', 1, 2))).toMatchObject({ kind: 'refused', current: { claim: { label: 'l' } } });
    expect(await ledger.read(key)).toMatchObject({ claim: { label: 'l', fence: 7 } });
  });

  it('are ended as they were found, and take no claim any more', async () => {
    const source = freshPartition();
    const { key, members } = groupOf(source, [1, 2]);
    await ledger.register(key, members);
    await ledger.move(key, claiming('l', 1, 1));
    await ledger.move(key, settling('l', 1));

    expect(await ledger.end(key, {})).toBe(false);
    expect(await ledger.end(key, { through: at(1) })).toBe(true);

    await expect(ledger.move(key, claiming('m', 2, 2))).rejects.toThrow(GroupLost);
    expect(await ledger.find('test', source, at(1), at(2))).toMatchObject([{ ended: true, checkpoint: { through: at(1) } }]);
  });

  it('are not ended under a claim that was written since', async () => {
    const source = freshPartition();
    const { key, members } = groupOf(source, [1, 2]);
    await ledger.register(key, members);
    await ledger.move(key, claiming('l', 1, 2));

    expect(await ledger.end(key, {})).toBe(false);
    expect(await ledger.end(key, { claim: { ...claimOf('l', 1, 2), fence: 8 } })).toBe(false);
    expect(await ledger.end(key, { claim: claimOf('l', 1, 2) })).toBe(true);
  });
});

describe('groups on DynamoDB', () => {
  let server: LedgerServer;
  let client: LedgerServer['client'];
  beforeAll(async () => {
    server = await startLedgerServer('dynoxide');
    ({ client } = server);
  });
  afterAll(() => server.close());

  it('may vanish a day after every message of them has left its queue, 14 days at most', async () => {
    const { key, members } = groupOf(freshPartition(), [1]);
    const now = Date.now();
    await dynamoGroups(client, TABLE, { ...systemClock, now: () => epochMillis(now) }).register(key, members);

    const Key = { pk: { S: `test#iggy#4:shop/orders#${key.source.shard}` }, sk: { S: key.group.sort } };
    const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key }));

    expect(Item?.['expiresAt']).toEqual({ N: String(Math.floor(now / 1000) + 15 * 24 * 3600) });
    expect(Item?.['target']).toEqual({ S: 'db.t' });
  });

  it.each<[string, Item, RegExp]>([
    ['have no target', {}, /is damaged: target/],
    [
      'have members that are cut off',
      { target: { S: 'db.t' }, registeredAt: { N: '1' }, members: { B: packMembers([record(1)]).subarray(0, 5) } },
      /is damaged: members: 3 bytes of fingerprints for 1 members/,
    ],
    [
      'are settled through a position of Kinesis',
      {
        target: { S: 'db.t' },
        registeredAt: { N: '1' },
        members: { B: packMembers([record(1)]) },
        through: { S: kinesisPosition('1') },
      },
      /is damaged: through: must be a position of iggy, zero-padded/,
    ],
  ])('that somebody damaged are named, not guessed at: they %s', async (_, damaged, message) => {
    const source = freshPartition();
    const Item = { pk: { S: `test#iggy#4:shop/orders#${source.shard}` }, sk: { S: at(1) }, ...damaged };
    await client.send(new PutItemCommand({ TableName: TABLE, Item }));

    const looking = dynamoGroups(client, TABLE, systemClock).find('test', source, at(0), at(1));

    await expect(looking).rejects.toThrow(ContractViolation);
    await expect(looking).rejects.toThrow(message);
  });

  it('that do not answer are unavailable', async () => {
    const { key, members } = groupOf(freshPartition(), [1]);
    const ledger = dynamoGroups(client, 'no-such-table', systemClock);

    await expect(ledger.find('test', key.source, at(0), at(1))).rejects.toThrow(LedgerUnavailable);
    await expect(ledger.register(key, members)).rejects.toThrow(LedgerUnavailable);
    await expect(ledger.end(key, {})).rejects.toThrow(LedgerUnavailable);
  });
});

describe('members', () => {
  const offsets = fc
    .uniqueArray(fc.bigInt(0n, 2n ** 64n - 1n), { minLength: 1, maxLength: 50 })
    .map((all) => all.toSorted((a, b) => (a < b ? -1 : 1)));

  it('are exactly those that were written down, whatever their offsets', () => {
    fc.assert(
      fc.property(offsets, fc.bigInt(0n, 2n ** 64n - 1n), (all, other) => {
        const members = unpackMembers(packMembers(all.map((offset) => record(offset))));

        expect(members.positions).toEqual(all.map((offset) => at(offset)));
        for (const offset of all) expect(members.has(record(offset))).toBe(true);
        expect(members.has(record(other))).toBe(all.includes(other));
      }),
    );
  });

  it('are told from messages of another incarnation by id and by time', () => {
    const members = unpackMembers(packMembers([record(7)]));

    expect(members.has(record(7, '1'.repeat(32)))).toBe(false);
    expect(members.has(record(7, '0'.repeat(32), '2'))).toBe(false);
    expect(members.has({ position: at(7) })).toBe(false);
  });

  it('take nine bytes each where offsets are dense', () => {
    expect(packMembers(recordsOf(...Array.from({ length: 1000 }, (_, n) => n))).length).toBeLessThan(9_005);
  });

  it.each([[[]], [[5, 1]], [[1, 1, 0]], [[1, 255]]])('that are cut off are refused: %j', (bytes) => {
    expect(() => unpackMembers(Uint8Array.from(bytes))).toThrow(RangeError);
  });
});
