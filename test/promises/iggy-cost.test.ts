import { describe, expect, it } from 'vitest';
import { GROUP_SPAN, type GroupKey } from '../../lib/ledger/group.ts';
import { mebibytes } from '../../lib/units.ts';
import { newQueueWorld, type QueueWorld } from '../support/queue-world.ts';
import type { EventMessage } from '../support/sqs-event.ts';

const MESSAGES = 10_000;

/** Bytes of a group's item beside its members: keys, names of attributes, nonce, target, times; and of a claim in it. */
const ITEM = 420;
const CLAIM = 420;

interface Units {
  writes: number;
  reads: number;
}

/** Counts what DynamoDB charges: a write unit a KiB of the item, a read unit 4 KiB of what a strongly consistent query reads. */
function metered(world: QueueWorld): Units {
  const units = { writes: 0, reads: 0 };
  const { register, move, find } = world.ledger;
  const sizeOf = (key: Pick<GroupKey, 'group'>) =>
    ITEM + ([...world.ledger.groups.values()].find((group) => group.key.group.sort === key.group.sort)?.packed.length ?? 0);
  world.ledger.register = async (key, members) => {
    units.writes += Math.ceil((ITEM + members.length) / 1024);
    return register(key, members);
  };
  world.ledger.move = async (key, wanted) => {
    units.writes += Math.ceil((sizeOf(key as GroupKey) + CLAIM) / 1024);
    return move(key, wanted);
  };
  world.ledger.find = async (loader, source, first, last) => {
    // A query reads, and charges, also groups that begin behind the last offset: only their end is in the key.
    const read = [...world.ledger.groups.values()].filter(({ key, members }) => {
      const end = members.positions.at(-1) ?? last;
      return key.source.shard === source.shard && end >= first && BigInt(end) <= BigInt(last) + GROUP_SPAN;
    });
    units.reads += Math.max(1, Math.ceil(read.reduce((sum, { packed }) => sum + ITEM + packed.length, 0) / 4096));
    return find(loader, source, first, last);
  };
  return units;
}

function singleRow(n: number, partitions: number): EventMessage {
  const metadata = `{"iggy_id":"${n.toString(16).padStart(32, '0')}","iggy_offset":${Math.floor(n / partitions)},"iggy_partition_id":${n % partitions},"iggy_stream":"shop","iggy_timestamp":${1_700_000_000_000_000 + n},"iggy_topic":"orders"}`;
  return { messageId: `m-${n}`, body: `{"metadata":${metadata},"payload":{"n":${n}}}` };
}

/** Carries the messages in batches of a size, and then the first batch once more. */
async function carry(batchSize: number, partitions: number) {
  const world = newQueueWorld();
  const units = metered(world);
  const deliver = async (from: number): Promise<void> => {
    const batch = Array.from({ length: batchSize }, (_, n) => singleRow(from + n, partitions));
    expect(await world.invoke(batch, { rules: { limits: { maxRows: 500_000, maxBytes: mebibytes(64) } } })).toEqual([]);
  };
  for (let from = 0; from < MESSAGES; from += batchSize) await deliver(from);
  const once = { loads: world.doris.calls.length, writes: units.writes / MESSAGES, reads: units.reads / MESSAGES };
  const { writes, reads } = { ...units };
  await deliver(0);
  return { ...once, again: { loads: world.doris.calls.length - once.loads, writes: units.writes - writes, reads: units.reads - reads } };
}

/** The figures of docs/iggy.md. */
const FIGURES = [
  { batchSize: 10, partitions: 1, loads: 1000, writesBelow: 0.31, readsBelow: 0.21, againBelow: 130 },
  { batchSize: 100, partitions: 1, loads: 100, writesBelow: 0.061, readsBelow: 0.021, againBelow: 34 },
  { batchSize: 1000, partitions: 1, loads: 10, writesBelow: 0.031, readsBelow: 0.0041, againBelow: 25 },
  { batchSize: 10_000, partitions: 1, loads: 1, writesBelow: 0.027, readsBelow: 0.0025, againBelow: 24 },
  { batchSize: 1000, partitions: 4, loads: 40, writesBelow: 0.045, readsBelow: 0.009, againBelow: 30 },
] as const;

describe('ten thousand messages of one row each', () => {
  it.each(FIGURES)('in batches of $batchSize over $partitions partition(s) take $loads loads', async (figure) => {
    const { loads, writes, reads, again } = await carry(figure.batchSize, figure.partitions);

    process.stdout.write(
      `batch ${figure.batchSize}, ${figure.partitions} partitions: ${loads} loads, ${writes.toFixed(4)} write units and ${reads.toFixed(4)} read units a message, ${again.reads} read units for the first batch again\n`,
    );
    expect(loads).toBe(figure.loads);
    expect(writes).toBeLessThan(figure.writesBelow);
    expect(reads).toBeLessThan(figure.readsBelow);
    expect(again).toMatchObject({ loads: 0, writes: 0 });
    expect(again.reads).toBeLessThan(figure.againBelow);
  });
});
