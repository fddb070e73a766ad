import { MergeShardsCommand, SplitShardCommand, waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from './fixture.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.endTest());
afterAll(() => stage.close());

describe('resharding', () => {
  /** The middle of the hash range: a split there makes two equal halves. */
  const middle = '170141183460469231731687303715884105728';
  const [parent, left, right, merged] = [0, 1, 2, 3].map((index) => `shardId-00000000000${index}`);

  it('drains the parent before its children, after a split and after a merge', async () => {
    const stream = await stage.createStream();
    const records = (prefix: string) => [0, 1, 2, 3].map((key) => ({ Data: Buffer.from(`${prefix}${key}`), PartitionKey: `key-${key}` }));
    const settled = async () => {
      await waitUntilStreamExists({ client: stage.kinesis, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 }, { StreamName: stream });
    };
    const mapped = await stage.map(stream, 'await new Promise((go) => setTimeout(go, 20));', {
      batchSize: 1,
      host: { concurrency: 2 },
    });

    await stage.put(stream, ...records('first-'));
    await stage.kinesis.send(new SplitShardCommand({ StreamName: stream, ShardToSplit: parent, NewStartingHashKey: middle }));
    await settled();
    await stage.put(stream, ...records('second-'));
    await stage.kinesis.send(new MergeShardsCommand({ StreamName: stream, ShardToMerge: left, AdjacentShardToMerge: right }));
    await settled();
    await stage.put(stream, ...records('third-'));
    await mapped.drained();

    const order = mapped.seen().map(({ shard, texts }) => ({ shard, text: texts.join() }));
    expect(order.map(({ text }) => text.split('-')[0])).toEqual([
      ...Array.from({ length: 4 }, () => 'first'),
      ...Array.from({ length: 4 }, () => 'second'),
      ...Array.from({ length: 4 }, () => 'third'),
    ]);
    expect(order.slice(0, 4).map(({ shard }) => shard)).toEqual([parent, parent, parent, parent]);
    expect(new Set(order.slice(4, 8).map(({ shard }) => shard))).toEqual(new Set([left, right]));
    expect(order.slice(8).map(({ shard }) => shard)).toEqual([merged, merged, merged, merged]);
    const drained = mapped.events.flatMap((event) => (event.kind === 'shard-drained' ? [event.shardId] : []));
    expect(drained.toSorted()).toEqual([parent, left, right]);
  });
});
