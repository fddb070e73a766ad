import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  type ListShardsCommandInput,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKinesis } from './kinesis-fixture.ts';

type Kinesis = Awaited<ReturnType<typeof openKinesis>>;

let local: Kinesis;
let kinesis: Kinesis['kinesis'];

beforeAll(async () => {
  local = await openKinesis();
  ({ kinesis } = local);
});
afterAll(() => local.close());

async function shardIdsOf(input: ListShardsCommandInput) {
  const { Shards = [], NextToken } = await kinesis.send(new ListShardsCommand(input));
  return { ids: Shards.map(({ ShardId }) => Number(ShardId?.slice('shardId-'.length))), NextToken };
}

describe('the shard list', () => {
  it('comes in pages, each after the last', async () => {
    const StreamARN = await local.createStream('paged', 5);

    const first = await shardIdsOf({ StreamARN, MaxResults: 2 });
    const second = await shardIdsOf({ NextToken: first.NextToken, MaxResults: 2 });
    const third = await shardIdsOf({ NextToken: second.NextToken, MaxResults: 2 });

    expect([first.ids, second.ids, third]).toEqual([[0, 1], [2, 3], { ids: [4], NextToken: undefined }]);
  });

  it('has no token when it is whole', async () => {
    const StreamARN = await local.createStream('whole', 3);

    expect(await shardIdsOf({ StreamARN, MaxResults: 3 })).toEqual({ ids: [0, 1, 2], NextToken: undefined });
  });

  it('refuses a token beside a stream, and one that it did not make', async () => {
    const StreamARN = await local.createStream('tokens', 2);
    const { NextToken } = await shardIdsOf({ StreamARN, MaxResults: 1 });

    await expect(shardIdsOf({ StreamARN, NextToken })).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    await expect(shardIdsOf({ NextToken: 'made-up' })).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  it('filters: after a shard, and the open ones', async () => {
    const StreamARN = await local.createStream('filtered', 2);
    const quarter = '85070591730234615865843651857942052864';
    await kinesis.send(new SplitShardCommand({ StreamARN, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: quarter }));
    await local.settled('filtered');

    expect((await shardIdsOf({ StreamARN })).ids).toEqual([0, 1, 2, 3]);
    expect((await shardIdsOf({ StreamARN, ShardFilter: { Type: 'AT_LATEST' } })).ids).toEqual([1, 2, 3]);
    expect((await shardIdsOf({ StreamARN, ShardFilter: { Type: 'AFTER_SHARD_ID', ShardId: 'shardId-000000000001' } })).ids).toEqual([2, 3]);
    expect((await shardIdsOf({ StreamARN, ShardFilter: { Type: 'FROM_TIMESTAMP', Timestamp: new Date(0) } })).ids).toEqual([0, 1, 2, 3]);
  });
});

describe('reading a shard', () => {
  it('tells that it is behind until the last record was read', async () => {
    const StreamARN = await local.createStream('behind');
    await kinesis.send(
      new PutRecordsCommand({ StreamARN, Records: ['a', 'b', 'c', 'd'].map((text) => ({ PartitionKey: 'k', Data: Buffer.from(text) })) }),
    );

    const first = await kinesis.send(new GetRecordsCommand({ ShardIterator: await local.iteratorOf(StreamARN), Limit: 2 }));
    const second = await kinesis.send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator, Limit: 2 }));

    expect(first.MillisBehindLatest).toBeGreaterThan(0);
    expect(second.MillisBehindLatest).toBe(0);
    expect([first, second].map(({ Records = [] }) => Records.map(({ Data = [] }) => Buffer.from(Data).toString()))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('gives keys and payloads back as they were put, whatever they hold', async () => {
    const StreamARN = await local.createStream('verbatim');
    const keys = ['"', '\\', '\u0000\n', 'Zürich', '\u{1f600}', '{"a":1}'];
    const Records = keys.map((PartitionKey, n) => ({ PartitionKey, Data: Buffer.from([0, 34, 92, 255, n]) }));
    await kinesis.send(new PutRecordsCommand({ StreamARN, Records }));

    const { Records: read = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator: await local.iteratorOf(StreamARN) }));

    expect(read.map(({ PartitionKey, Data = [] }) => ({ PartitionKey, Data: Buffer.from(Data) }))).toEqual(Records);
  });

  it('brings at most 10 MiB at a time, and all of it in the end', async () => {
    const StreamARN = await local.createStream('bounded');
    for (const part of [0, 1]) {
      const Records = Array.from({ length: 8 }, (_, index) => ({ PartitionKey: `${8 * part + index}`, Data: Buffer.alloc(1_000_000) }));
      await kinesis.send(new PutRecordsCommand({ StreamARN, Records }));
    }

    const first = await kinesis.send(new GetRecordsCommand({ ShardIterator: await local.iteratorOf(StreamARN) }));
    const second = await kinesis.send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator }));

    expect(first.MillisBehindLatest).toBeGreaterThan(0);
    expect([first, second].map(({ Records = [] }) => Records.map(({ PartitionKey }) => Number(PartitionKey)))).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      [10, 11, 12, 13, 14, 15],
    ]);
  });

  it('starts at a time: with the first record since, or at the tip when there is none', async () => {
    const StreamARN = await local.createStream('timed');
    const put = (text: string) => kinesis.send(new PutRecordCommand({ StreamARN, PartitionKey: text, Data: Buffer.from(text) }));
    const keysSince = async (Timestamp: Date, meanwhile = async () => undefined as unknown) => {
      const place = { StreamARN, ShardId: 'shardId-000000000000', ShardIteratorType: 'AT_TIMESTAMP', Timestamp } as const;
      const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(place));
      await meanwhile();
      const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
      return Records.map(({ PartitionKey }) => PartitionKey);
    };
    await put('a');
    const { Records: [a] = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator: await local.iteratorOf(StreamARN) }));
    const arrival = a?.ApproximateArrivalTimestamp ?? new Date();
    await sleep(5);
    await put('b');

    expect(await keysSince(arrival)).toEqual(['a', 'b']);
    expect(await keysSince(new Date(arrival.getTime() + 1))).toEqual(['b']);
    await sleep(5);
    expect(await keysSince(new Date(), () => put('c'))).toEqual(['c']);
    await expect(keysSince(new Date(Date.now() + 60_000))).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  it('ends with the children when the shard was split', async () => {
    const StreamARN = await local.createStream('closed');
    const middle = '170141183460469231731687303715884105728';
    await kinesis.send(new SplitShardCommand({ StreamARN, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: middle }));
    await local.settled('closed');

    let read = await kinesis.send(new GetRecordsCommand({ ShardIterator: await local.iteratorOf(StreamARN) }));
    while (read.NextShardIterator !== undefined) {
      read = await kinesis.send(new GetRecordsCommand({ ShardIterator: read.NextShardIterator }));
    }

    expect(read.ChildShards?.map(({ ShardId, ParentShards }) => ({ ShardId, ParentShards }))).toEqual([
      { ShardId: 'shardId-000000000001', ParentShards: ['shardId-000000000000'] },
      { ShardId: 'shardId-000000000002', ParentShards: ['shardId-000000000000'] },
    ]);
  });
});
