import {
  CreateStreamCommand,
  GetRecordsCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startKinesisThread } from '../../../local/aws/kinesis/thread.ts';
import { openKinesis } from './kinesis-fixture.ts';

type Kinesis = Awaited<ReturnType<typeof openKinesis>>;

let local: Kinesis;
let kinesis: Kinesis['kinesis'];

beforeAll(async () => {
  local = await openKinesis();
  ({ kinesis } = local);
});
afterAll(() => local.close());

describe('the one port', () => {
  it('answers HTTP/1.1 as well as the HTTP/2 of the SDK', async () => {
    await local.createStream('both');

    const reply = await fetch(local.endpoint, {
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
    const StreamARN = await local.createStream('large');
    const Data = Buffer.alloc(1_000_000, 1);

    await kinesis.send(new PutRecordCommand({ StreamARN, PartitionKey: 'h2', Data }));
    await fetch(local.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecord',
        authorization: 'AWS4-HMAC-SHA256 Credential=local',
      },
      body: JSON.stringify({ StreamARN, PartitionKey: 'h1', Data: Data.toString('base64') }),
    });

    const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator: await local.iteratorOf(StreamARN) }));
    expect(Records.map((record) => [record.PartitionKey, record.Data?.length])).toEqual([
      ['h2', 1_000_000],
      ['h1', 1_000_000],
    ]);
  });

  it('refuses an operation that it does not have, by name', async () => {
    const reply = await fetch(local.endpoint, {
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

describe('a Kinesis with a thread of its own', () => {
  it('carries a record, and is gone when it is closed', async () => {
    const threaded = await startKinesisThread();
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new KinesisClient({ region: 'us-east-1', endpoint: threaded.endpoint, credentials });
    const timing = { client, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 };
    await client.send(new CreateStreamCommand({ StreamName: 'threaded', ShardCount: 1 }));
    await waitUntilStreamExists(timing, { StreamName: 'threaded' });

    const put = await client.send(new PutRecordCommand({ StreamName: 'threaded', PartitionKey: 'k', Data: Buffer.from('a') }));
    client.destroy();
    await threaded.close();

    expect(put.ShardId).toBe('shardId-000000000000');
    await expect(fetch(threaded.endpoint)).rejects.toThrow('fetch failed');
  });
});

describe('the limits of a put', () => {
  it('let a record of 1 MiB with its key pass and refuse one byte more', async () => {
    const StreamARN = await local.createStream('limits');
    const put = (bytes: number) => kinesis.send(new PutRecordCommand({ StreamARN, PartitionKey: 'key', Data: Buffer.alloc(bytes) }));

    await expect(put(1024 * 1024 - 3)).resolves.toMatchObject({ ShardId: 'shardId-000000000000' });
    await expect(put(1024 * 1024 - 2)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  it('let 10 MiB of records pass in one request and refuse more', async () => {
    const StreamARN = await local.createStream('large-requests');
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
    const StreamARN = await local.createStream('oversized');
    const Records = Array.from({ length: 17 }, () => ({ PartitionKey: 'k', Data: Buffer.alloc(1024 * 1024 - 1) }));

    await expect(kinesis.send(new PutRecordsCommand({ StreamARN, Records }))).rejects.toMatchObject({ name: 'SerializationException' });
  });
});
