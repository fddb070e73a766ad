import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  type ListShardsCommandInput,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startKinesis } from '../../../local/aws/kinesis/server.ts';
import type { Endpoint } from '../../../local/loopback.ts';

let server: Endpoint;
let kinesis: KinesisClient;

beforeAll(async () => {
  server = await startKinesis({ region: 'eu-central-1', accountId: '111122223333' });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  kinesis = new KinesisClient({ region: 'eu-central-1', endpoint: server.endpoint, credentials });
});
afterAll(async () => {
  kinesis.destroy();
  await server.close();
});

const settled = (StreamName: string) =>
  waitUntilStreamExists({ client: kinesis, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 }, { StreamName });

const createStream = async (name: string, shards = 1): Promise<string> => {
  await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
  await settled(name);
  return `arn:aws:kinesis:eu-central-1:111122223333:stream/${name}`;
};

const iteratorOf = async (StreamARN: string, ShardId = 'shardId-000000000000') => {
  const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand({ StreamARN, ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
  return ShardIterator;
};

const shardIdsOf = async (input: ListShardsCommandInput) => {
  const { Shards = [], NextToken } = await kinesis.send(new ListShardsCommand(input));
  return { ids: Shards.map(({ ShardId }) => Number(ShardId?.slice('shardId-'.length))), NextToken };
};

describe('the one port', () => {
  it('answers HTTP/1.1 as well as the HTTP/2 of the SDK', async () => {
    await createStream('both');

    const reply = await fetch(server.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.ListStreams',
        authorization: 'AWS4-HMAC-SHA256 Credential=local',
      },
      body: '{}',
    });

    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({ StreamNames: expect.arrayContaining(['both']) });
  });

  it('answers requests of many packets under both protocols', async () => {
    const StreamARN = await createStream('large');
    const Data = Buffer.alloc(1_000_000, 1);

    await kinesis.send(new PutRecordCommand({ StreamARN, PartitionKey: 'h2', Data }));
    await fetch(server.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecord',
        authorization: 'AWS4-HMAC-SHA256 Credential=local',
      },
      body: JSON.stringify({ StreamARN, PartitionKey: 'h1', Data: Data.toString('base64') }),
    });

    const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator: await iteratorOf(StreamARN) }));
    expect(Records.map((record) => [record.PartitionKey, record.Data?.length])).toEqual([
      ['h2', 1_000_000],
      ['h1', 1_000_000],
    ]);
  });

  it('refuses an operation that it does not have, by name', async () => {
    const reply = await fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.UpdateShardCount', authorization: 'x' },
      body: '{}',
    });

    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ __type: 'UnknownOperationException' });
  });

  it('tells of a stream that does not exist', async () => {
    const missing = kinesis.send(new ListShardsCommand({ StreamARN: 'arn:aws:kinesis:eu-central-1:111122223333:stream/none' }));

    await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('the limits of a put', () => {
  it('let a record of 1 MiB with its key pass and refuse one byte more', async () => {
    const StreamARN = await createStream('limits');
    const put = (bytes: number) => kinesis.send(new PutRecordCommand({ StreamARN, PartitionKey: 'key', Data: Buffer.alloc(bytes) }));

    await expect(put(1024 * 1024 - 3)).resolves.toMatchObject({ ShardId: 'shardId-000000000000' });
    await expect(put(1024 * 1024 - 2)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  it('let 10 MiB of records pass in one request and refuse more', async () => {
    const StreamARN = await createStream('large-requests');
    const put = (last: number) =>
      kinesis.send(
        new PutRecordsCommand({
          StreamARN,
          Records: [...Array.from({ length: 9 }, () => 1024 * 1024 - 1), last].map((bytes) => ({
            PartitionKey: 'k',
            Data: Buffer.alloc(bytes),
          })),
        }),
      );

    await expect(put(1024 * 1024 - 1)).resolves.toMatchObject({ FailedRecordCount: 0 });
    const oneMore = kinesis.send(
      new PutRecordsCommand({
        StreamARN,
        Records: Array.from({ length: 11 }, () => ({ PartitionKey: 'k', Data: Buffer.alloc(1024 * 1024 - 1) })),
      }),
    );
    await expect(oneMore).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  it('refuse 16 MiB of request instead of hanging', async () => {
    const StreamARN = await createStream('oversized');
    const Records = Array.from({ length: 17 }, () => ({ PartitionKey: 'k', Data: Buffer.alloc(1024 * 1024 - 1) }));

    await expect(kinesis.send(new PutRecordsCommand({ StreamARN, Records }))).rejects.toMatchObject({ name: 'SerializationException' });
  });
});

describe('the shard list', () => {
  it('comes in pages, each after the last', async () => {
    const StreamARN = await createStream('paged', 5);

    const first = await shardIdsOf({ StreamARN, MaxResults: 2 });
    const second = await shardIdsOf({ NextToken: first.NextToken, MaxResults: 2 });
    const third = await shardIdsOf({ NextToken: second.NextToken, MaxResults: 2 });

    expect([first.ids, second.ids, third]).toEqual([[0, 1], [2, 3], { ids: [4], NextToken: undefined }]);
  });

  it('has no token when it is whole', async () => {
    const StreamARN = await createStream('whole', 3);

    expect(await shardIdsOf({ StreamARN, MaxResults: 3 })).toEqual({ ids: [0, 1, 2], NextToken: undefined });
  });

  it('refuses a token beside a stream, and one that it did not make', async () => {
    const StreamARN = await createStream('tokens', 2);
    const { NextToken } = await shardIdsOf({ StreamARN, MaxResults: 1 });

    await expect(shardIdsOf({ StreamARN, NextToken })).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    await expect(shardIdsOf({ NextToken: 'made-up' })).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  it('filters: after a shard, and the open ones', async () => {
    const StreamARN = await createStream('filtered', 2);
    const quarter = '85070591730234615865843651857942052864';
    await kinesis.send(new SplitShardCommand({ StreamARN, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: quarter }));
    await settled('filtered');

    expect((await shardIdsOf({ StreamARN })).ids).toEqual([0, 1, 2, 3]);
    expect((await shardIdsOf({ StreamARN, ShardFilter: { Type: 'AT_LATEST' } })).ids).toEqual([1, 2, 3]);
    expect((await shardIdsOf({ StreamARN, ShardFilter: { Type: 'AFTER_SHARD_ID', ShardId: 'shardId-000000000001' } })).ids).toEqual([2, 3]);
    expect((await shardIdsOf({ StreamARN, ShardFilter: { Type: 'FROM_TIMESTAMP', Timestamp: new Date(0) } })).ids).toEqual([0, 1, 2, 3]);
  });
});

describe('reading a shard', () => {
  it('tells that it is behind until the last record was read', async () => {
    const StreamARN = await createStream('behind');
    await kinesis.send(
      new PutRecordsCommand({ StreamARN, Records: ['a', 'b', 'c', 'd'].map((text) => ({ PartitionKey: 'k', Data: Buffer.from(text) })) }),
    );

    const first = await kinesis.send(new GetRecordsCommand({ ShardIterator: await iteratorOf(StreamARN), Limit: 2 }));
    const second = await kinesis.send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator, Limit: 2 }));

    expect(first.MillisBehindLatest).toBeGreaterThan(0);
    expect(second.MillisBehindLatest).toBe(0);
    expect([first, second].map(({ Records = [] }) => Records.map(({ Data = [] }) => Buffer.from(Data).toString()))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('brings at most 10 MiB at a time, and all of it in the end', async () => {
    const StreamARN = await createStream('bounded');
    for (const part of [0, 1]) {
      const Records = Array.from({ length: 8 }, (_, index) => ({ PartitionKey: `${8 * part + index}`, Data: Buffer.alloc(1_000_000) }));
      await kinesis.send(new PutRecordsCommand({ StreamARN, Records }));
    }

    const first = await kinesis.send(new GetRecordsCommand({ ShardIterator: await iteratorOf(StreamARN) }));
    const second = await kinesis.send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator }));

    expect(first.MillisBehindLatest).toBeGreaterThan(0);
    expect([first, second].map(({ Records = [] }) => Records.map(({ PartitionKey }) => Number(PartitionKey)))).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      [10, 11, 12, 13, 14, 15],
    ]);
  });

  it('starts at a time: with the first record since, or at the tip when there is none', async () => {
    const StreamARN = await createStream('timed');
    const put = (text: string) => kinesis.send(new PutRecordCommand({ StreamARN, PartitionKey: text, Data: Buffer.from(text) }));
    const keysSince = async (Timestamp: Date, meanwhile = async () => undefined as unknown) => {
      const place = { StreamARN, ShardId: 'shardId-000000000000', ShardIteratorType: 'AT_TIMESTAMP', Timestamp } as const;
      const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(place));
      await meanwhile();
      const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
      return Records.map(({ PartitionKey }) => PartitionKey);
    };
    await put('a');
    const { Records: [a] = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator: await iteratorOf(StreamARN) }));
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
    const StreamARN = await createStream('closed');
    const middle = '170141183460469231731687303715884105728';
    await kinesis.send(new SplitShardCommand({ StreamARN, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: middle }));
    await settled('closed');

    let read = await kinesis.send(new GetRecordsCommand({ ShardIterator: await iteratorOf(StreamARN) }));
    while (read.NextShardIterator !== undefined) {
      read = await kinesis.send(new GetRecordsCommand({ ShardIterator: read.NextShardIterator }));
    }

    expect(read.ChildShards?.map(({ ShardId, ParentShards }) => ({ ShardId, ParentShards }))).toEqual([
      { ShardId: 'shardId-000000000001', ParentShards: ['shardId-000000000000'] },
      { ShardId: 'shardId-000000000002', ParentShards: ['shardId-000000000000'] },
    ]);
  });
});
