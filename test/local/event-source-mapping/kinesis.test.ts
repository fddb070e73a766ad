import { MergeShardsCommand, SplitShardCommand, waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from './fixture.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.endTest());
afterAll(() => stage.close());

const letters = (count: number) => Array.from({ length: count }, (_, index) => `r${index}`);

const deadLettersOf = async (QueueUrl: string | undefined): Promise<readonly unknown[]> => {
  const { Messages = [] } = await stage.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  return Messages.map(({ Body }) => JSON.parse(Body ?? '') as unknown);
};

const createQueue = async (QueueName: string): Promise<string> => {
  const { QueueUrl = '' } = await stage.sqs.send(new CreateQueueCommand({ QueueName }));
  return QueueUrl;
};

describe('a mapping of a Kinesis stream', { timeout: 30_000 }, () => {
  it('delivers every record once, in order, in batches of at most the batch size', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, ...letters(7));

    const mapped = await stage.map(stream, 'return {};', { batchSize: 3 });
    await mapped.drained();

    expect(mapped.texts()).toEqual([['r0', 'r1', 'r2'], ['r3', 'r4', 'r5'], ['r6']]);
  });

  it('delivers what is put while it runs', async () => {
    const stream = await stage.createStream();
    const mapped = await stage.map(stream, 'return {};');

    await stage.put(stream, 'a');
    await mapped.drained();
    await stage.put(stream, 'b');
    await mapped.drained();

    expect(mapped.texts()).toEqual([['a'], ['b']]);
  });

  it('starts at the tip when it is told to', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, 'before');

    const mapped = await stage.map(stream, 'return {};', { startingPosition: { kind: 'LATEST' } });
    await stage.put(stream, 'after');
    await mapped.drained();

    expect(mapped.texts()).toEqual([['after']]);
  });

  it('brings one shard per batch, and each shard in its order', async () => {
    const stream = await stage.createStream(3);
    const records = letters(60).map((text, index) => ({ Data: Buffer.from(text), PartitionKey: `key-${index % 10}` }));
    await stage.put(stream, ...records);

    const mapped = await stage.map(stream, 'return {};', { batchSize: 7, host: { concurrency: 3 } });
    await mapped.drained();

    const shards = [...new Set(mapped.seen().map(({ shard }) => shard))];
    const numbers = shards.map((shard) =>
      mapped
        .seen()
        .filter((seen) => seen.shard === shard)
        .flatMap(({ texts }) => texts.map((text) => Number(text.slice(1)))),
    );
    expect(shards.length).toBe(3);
    for (const shard of numbers) expect(shard).toEqual(shard.toSorted((a, b) => a - b));
    expect(numbers.flat().toSorted((a, b) => a - b)).toEqual(letters(60).map((_, index) => index));
  });

  it('waits for a full batch while the window is open', async () => {
    const stream = await stage.createStream();
    const mapped = await stage.map(stream, 'return {};', { batchSize: 2, batchingWindowSeconds: 300 });

    await stage.put(stream, 'a');
    await stage.put(stream, 'b');
    await mapped.drained();

    expect(mapped.texts()).toEqual([['a', 'b']]);
  });

  it('delivers what it has at the end of the window', async () => {
    const stream = await stage.createStream();
    const mapped = await stage.map(stream, 'return {};', { batchSize: 100, batchingWindowSeconds: 1 });

    await stage.put(stream, 'a');
    await mapped.drained();

    expect(mapped.texts()).toEqual([['a']]);
  });

  it('cuts a batch where its event would exceed 6 MB', async () => {
    const stream = await stage.createStream();
    const large = letters(9).map((text) => text.padEnd(1_000_000, '.'));
    await stage.put(stream, ...large.slice(0, 5));
    await stage.put(stream, ...large.slice(5));

    const mapped = await stage.map(stream, 'return {};', { batchingWindowSeconds: 1 });
    await mapped.drained();

    // A megabyte takes 1,333,336 bytes in base64: four fit, five do not.
    expect(mapped.texts().map((texts) => texts.length)).toEqual([4, 4, 1]);
  });

  it('refuses parameters that Lambda refuses, naming each', async () => {
    const mapping = stage.map('none', '', {
      batchSize: 0,
      batchingWindowSeconds: 301,
      maximumRetryAttempts: -2,
      maximumRecordAgeSeconds: 59,
    });

    await expect(mapping).rejects.toThrow(
      [
        'batchSize: a whole number from 1 to 10000 (given 0)',
        'batchingWindowSeconds: a whole number from 0 to 300 (given 301)',
        'maximumRetryAttempts: a whole number from -1 to 10000 (given -2)',
        'maximumRecordAgeSeconds: a whole number from 60 to 604800 (given 59)',
      ].join('\n'),
    );
  });

  it('leaves the rest undelivered when it is stopped', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, ...letters(3));
    const mapped = await stage.map(stream, 'throw new Error("down");', { batchSize: 1 });
    const caughtUp = mapped.drained();
    const rejected = expect(caughtUp).rejects.toThrow('was stopped before it had caught up');

    await mapped.stop();

    await rejected;
    expect(mapped.texts().flat()).not.toContain('r1');
  });
});

describe('a batch that fails', { timeout: 30_000 }, () => {
  it('comes again from the first record that the function names', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, ...letters(4));

    const mapped = await stage.map(stream, 'if (!state.failed) { state.failed = true; return failing(2); }');
    await mapped.drained();

    expect(mapped.texts()).toEqual([
      ['r0', 'r1', 'r2', 'r3'],
      ['r2', 'r3'],
    ]);
  });

  it('leaves its positions in the on-failure queue when its last record fails for good: as recorded from AWS', async () => {
    const stream = await stage.createStream();
    const queueUrl = await createQueue('on-failure');
    await stage.put(stream, '1', '2', '3', '4', '5', '6');

    const mapped = await stage.map(stream, "const at = texts.indexOf('6'); return at === -1 ? {} : failing(at);", {
      batchSize: 3,
      maximumRetryAttempts: 3,
      onFailure: { queueUrl, sqs: stage.sqs },
    });
    await mapped.drained();

    expect(mapped.texts()).toEqual([['1', '2', '3'], ['4', '5', '6'], ['6'], ['6'], ['6'], ['6']]);
    const [, batch] = mapped.events.flatMap((event) => (event.kind === 'batch' ? [event.batch] : []));
    const arrival = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(await deadLettersOf(queueUrl)).toEqual([
      {
        requestContext: {
          requestId: expect.any(String),
          functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:handler',
          condition: 'RetryAttemptsExhausted',
          approximateInvokeCount: 4,
        },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: null },
        version: '1.0',
        timestamp: arrival,
        KinesisBatchInfo: {
          shardId: 'shardId-000000000000',
          startSequenceNumber: batch?.last,
          endSequenceNumber: batch?.last,
          approximateArrivalOfFirstRecord: arrival,
          approximateArrivalOfLastRecord: arrival,
          batchSize: 1,
          streamArn: `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`,
        },
      },
    ]);
  });

  it('is halved down to the poison record when the function throws', async () => {
    const stream = await stage.createStream();
    const queueUrl = await createQueue('bisected');
    await stage.put(stream, 'a', 'b', 'poison', 'd', 'e');

    const mapped = await stage.map(stream, "if (texts.includes('poison')) throw new Error('cannot');", {
      maximumRetryAttempts: 0,
      bisectOnFunctionError: true,
      onFailure: { queueUrl, sqs: stage.sqs },
    });
    await mapped.drained();

    expect(mapped.texts()).toEqual([['a', 'b', 'poison', 'd', 'e'], ['a', 'b', 'poison'], ['a', 'b'], ['poison'], ['d', 'e']]);
    expect(await deadLettersOf(queueUrl)).toMatchObject([
      { responseContext: { functionError: 'Unhandled' }, KinesisBatchInfo: { batchSize: 1 } },
    ]);
  });

  it('comes again whole when its process is killed at the timeout', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, 'a', 'b');
    const hangOnce = `
      const { existsSync, writeFileSync } = await import('node:fs');
      const mark = process.env.SEEN + '.hung';
      if (!existsSync(mark)) { writeFileSync(mark, ''); for (;;); }`;

    const mapped = await stage.map(stream, hangOnce, { host: { timeoutMillis: 500 } });
    await mapped.drained();

    expect(mapped.texts()).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('is given up when its records grow too old', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, 'a', 'b');
    let deliveries = 0;

    const mapped = await stage.map(stream, "throw new Error('down');", {
      maximumRecordAgeSeconds: 60,
      now: () => Date.now() + (deliveries >= 2 ? 61_000 : 0),
      observe: (event) => {
        if (event.kind === 'outcome') deliveries += 1;
        if (event.kind === 'given-up') expect(event.givenUp).toMatchObject({ condition: 'RecordAgeExpired' });
      },
    });
    await mapped.drained();

    expect(mapped.texts()).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });
});

describe('resharding', { timeout: 30_000 }, () => {
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

describe('bad luck on purpose', { timeout: 30_000 }, () => {
  it('brings a settled batch a second time', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, ...letters(4));

    const mapped = await stage.map(stream, 'return {};', { batchSize: 2, redeliver: { seed: 1, probability: 1, kinds: ['repeat'] } });
    await mapped.drained();

    expect(mapped.texts()).toEqual([
      ['r0', 'r1'],
      ['r0', 'r1'],
      ['r2', 'r3'],
      ['r2', 'r3'],
    ]);
  });

  it('brings settled records again at other boundaries, and loses none', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, ...letters(40));

    const mapped = await stage.map(stream, 'return {};', { batchSize: 5, redeliver: { seed: 3, probability: 0.6, kinds: ['rewind'] } });
    await mapped.drained();

    const delivered = mapped.texts().flat();
    expect([...new Set(delivered)]).toEqual(letters(40));
    expect(delivered.length).toBeGreaterThan(40);
    expect(mapped.texts().some(([first]) => Number(first?.slice(1)) % 5 !== 0)).toBe(true);
  });

  it('brings a batch twice at the same time, to two processes', async () => {
    const stream = await stage.createStream();
    await stage.put(stream, 'a');

    const mapped = await stage.map(stream, 'await new Promise((go) => setTimeout(go, 50)); return { pid: process.pid };', {
      redeliver: { seed: 1, probability: 1, kinds: ['overlap'] },
      host: { concurrency: 2 },
    });
    await mapped.drained();

    expect(mapped.texts()).toEqual([['a'], ['a']]);
  });
});
