import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MappingEvent } from '../../../local/event-source-mapping/events.ts';
import { startSqsMapping } from '../../../local/event-source-mapping/sqs.ts';
import type { SqsMappingEvent } from '../../../local/event-source-mapping/sqs-settings.ts';
import { openQueueStage, type QueueStage } from './sqs-fixture.ts';

let stage: QueueStage;
beforeAll(async () => {
  stage = await openQueueStage();
});
afterEach(() => stage.endTest());
afterAll(() => stage.close());

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => String(from + n));
const kindsOf = (events: readonly (SqsMappingEvent | MappingEvent)[]) => events.map(({ kind }) => kind);
const SUCCESS = 'return { batchItemFailures: [] };';

describe('a mapping of a standard queue', () => {
  it('delivers every message and deletes what is settled', async () => {
    const queue = await stage.createQueue();
    await stage.send(queue, ...numbers(25));

    const mapped = await stage.map(queue, SUCCESS, { maximumConcurrency: 5, host: { concurrency: 5 } });
    await mapped.drained();

    expect(
      mapped
        .seen()
        .flatMap(({ bodies }) => bodies)
        .toSorted(),
    ).toEqual(numbers(25).toSorted());
    expect(await stage.count(queue)).toBe(0);
  });

  it('gathers up to the batch size within the window', async () => {
    const queue = await stage.createQueue();
    await stage.send(queue, ...numbers(70));

    const mapped = await stage.map(queue, SUCCESS, { batchSize: 50, batchingWindowSeconds: 1 });
    await mapped.drained();

    expect(mapped.seen().map(({ bodies }) => bodies.length)).toEqual([50, 20]);
  });

  it('shapes the event as Lambda does, attributes and all', async () => {
    const queue = await stage.createQueue();
    await stage.send(queue, 'hello');

    const mapped = await stage.map(queue, 'console.log(JSON.stringify(event.Records[0])); return {};', {
      host: { onOutput: ({ text }) => lines.push(text) },
    });
    const lines: string[] = [];
    await mapped.drained();

    expect(JSON.parse(lines[0] ?? '')).toEqual({
      messageId: expect.stringMatching(/^[-0-9a-f]{36}$/),
      receiptHandle: expect.any(String),
      body: 'hello',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SenderId: '000000000000',
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      },
      messageAttributes: {},
      md5OfBody: '5d41402abc4b2a76b9719d911017c592',
      eventSource: 'aws:sqs',
      eventSourceARN: expect.stringMatching(/^arn:aws:sqs:us-east-1:000000000000:queue-\d+$/),
      awsRegion: 'us-east-1',
    });
  });

  it('keeps an event below 6 MB, whatever the batch size', async () => {
    const queue = await stage.createQueue();
    for (let n = 0; n < 8; n++) await stage.send(queue, `${n}${'x'.repeat(1_000_000)}`);

    const mapped = await stage.map(queue, SUCCESS, { batchSize: 100, batchingWindowSeconds: 1 });
    await mapped.drained();

    expect(mapped.seen().map(({ bodies }) => bodies.length)).toEqual([6, 2]);
  });

  it('brings messages that failed again after their visibility timeout, with their receive count, and only them', async () => {
    const queue = await stage.createQueue();
    await stage.send(queue, 'a', 'b', 'c');

    const mapped = await stage.map(queue, `return receives.every((count) => count === 1) ? failing('b') : {};`);
    await mapped.drained();

    expect(mapped.seen()).toEqual([
      { bodies: ['a', 'b', 'c'], receives: [1, 1, 1] },
      { bodies: ['b'], receives: [2] },
    ]);
  });

  it.each([
    ['the function throws', `throw new Error('no');`],
    ['an id is none of the batch', `return { batchItemFailures: [{ itemIdentifier: 'nobody' }] };`],
    ['an id is empty', `return { batchItemFailures: [{ itemIdentifier: '' }] };`],
    ['the answer is no object', `return 'done';`],
  ])('brings the whole batch again when %s', async (_, failure) => {
    const queue = await stage.createQueue();
    await stage.send(queue, 'a', 'b');

    const mapped = await stage.map(queue, `if (receives[0] === 1) { ${failure} } return null;`);
    await mapped.drained();

    expect(
      mapped
        .seen()
        .flatMap(({ receives }) => receives)
        .toSorted(),
    ).toEqual([1, 1, 2, 2]);
  });

  it('takes a wrong top-level key for success, as Lambda does: the messages are gone', async () => {
    const queue = await stage.createQueue();
    await stage.send(queue, 'a');

    const mapped = await stage.map(queue, 'return { failedItems: event.Records.map(({ messageId }) => ({ itemIdentifier: messageId })) };');
    await mapped.drained();

    expect(mapped.seen()).toHaveLength(1);
  });

  it('leaves it to the queue to give up: after its receive limit a message is in the dead-letter queue', async () => {
    const dead = await stage.createQueue();
    const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${dead.slice(dead.lastIndexOf('/') + 1)}`;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 });
    const queue = await stage.createQueue({ RedrivePolicy });
    await stage.send(queue, 'a');

    const mapped = await stage.map(queue, `return failing('a');`);
    await mapped.drained();

    expect(mapped.seen().flatMap(({ receives }) => receives)).toEqual([1, 2]);
    expect(await stage.count(dead)).toBe(1);
  });

  it('runs as many batches at once as it is allowed to', async () => {
    const queue = await stage.createQueue();
    await stage.send(queue, ...numbers(4));

    const mapped = await stage.map(
      queue,
      `globalThis.busy = (globalThis.busy ?? 0) + 1; await new Promise((go) => setTimeout(go, 300)); return {};`,
      { batchSize: 1, maximumConcurrency: 4, host: { concurrency: 4 } },
    );
    await mapped.drained();

    const kinds = kindsOf(mapped.events);
    expect(kinds.slice(0, 4)).toEqual(['batch', 'batch', 'batch', 'batch']);
    expect(kinds.filter((kind) => kind === 'outcome')).toHaveLength(4);
  });

  it('can deliver settled messages again, with another neighbourhood', async () => {
    const queue = await stage.createQueue();
    await stage.send(queue, 'a', 'b');

    const mapped = await stage.map(queue, SUCCESS, { redeliver: { seed: 1, probability: 0.7, kinds: ['repeat'] } });
    await mapped.drained();

    expect(kindsOf(mapped.events)).toContain('bad-luck');
    expect(mapped.seen().flatMap(({ receives }) => receives)).toContain(2);
    expect(await stage.count(queue)).toBe(0);
  });

  it('can deliver one batch twice at the same time', async () => {
    const queue = await stage.createQueue();
    await stage.send(queue, 'a');

    const mapped = await stage.map(queue, SUCCESS, {
      redeliver: { seed: 1, probability: 1, kinds: ['overlap'] },
      host: { concurrency: 2 },
    });
    await mapped.drained();

    expect(mapped.seen()).toEqual([
      { bodies: ['a'], receives: [1] },
      { bodies: ['a'], receives: [1] },
    ]);
  });

  it.each([
    [{ batchSize: 11 }, 'batchingWindowSeconds: a whole number from 1 to 300 (given 0)'],
    [{ batchSize: 10_001, batchingWindowSeconds: 1 }, 'batchSize: a whole number from 1 to 10000 (given 10001)'],
    [{ queueUrl: 'http://127.0.0.1:1/q.fifo', batchSize: 11 }, 'batchSize: a whole number from 1 to 10 (given 11)'],
    [{ queueUrl: 'http://127.0.0.1:1/q.fifo', batchingWindowSeconds: 1 }, 'batchingWindowSeconds: a whole number from 0 to 0 (given 1)'],
  ])('refuses what Lambda refuses: %j', async (options, message) => {
    const queueUrl = await stage.createQueue();
    const host = { functionArn: '', invoke: () => Promise.reject(new Error('never')), kill: async () => {}, close: async () => {} };

    await expect(startSqsMapping({ sqs: stage.sqs, queueUrl, function: host, ...options })).rejects.toThrow(message);
  });
});

describe('a mapping of a FIFO queue', () => {
  const FIFO = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };

  it('keeps the order of a group, several messages of it in one batch', async () => {
    const queue = await stage.createQueue(FIFO);
    await stage.send(queue, 'g:1', 'g:2', 'g:3', 'h:4', 'g:5');

    const mapped = await stage.map(queue, SUCCESS, { batchSize: 3 });
    await mapped.drained();

    const bodies = mapped.seen().map(({ bodies: texts }) => texts);
    expect(bodies[0]).toEqual(['1', '2', '3']);
    expect(bodies.flat().toSorted()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('holds a group back while one of its messages is in flight or failed, and goes on with the others', async () => {
    const queue = await stage.createQueue(FIFO);
    await stage.send(queue, 'g:1', 'g:2', 'g:3', 'h:4');

    const mapped = await stage.map(queue, `return receives[0] === 1 && bodies.includes('1') ? failing('1', '2') : {};`, { batchSize: 2 });
    await mapped.drained();

    const bodies = mapped.seen().map(({ bodies: texts }) => texts);
    expect(bodies.filter((texts) => !texts.includes('4'))).toEqual([['1', '2'], ['1', '2'], ['3']]);
    expect(bodies[1]).toEqual(['4']);
  });

  it('brings messages of a group that failed together back in their order', async () => {
    const queue = await stage.createQueue(FIFO);
    await stage.send(queue, ...numbers(6).map((n) => `g:${n}`));

    const mapped = await stage.map(queue, `if (receives[0] < 3) throw new Error('no'); return {};`);
    await mapped.drained();

    expect(mapped.seen().map(({ bodies }) => bodies)).toEqual([numbers(6), numbers(6), numbers(6)]);
  });

  it('leaves a group to one poller at a time', async () => {
    const queue = await stage.createQueue(FIFO);
    await stage.send(queue, ...numbers(40).map((n) => `g:${n}`));

    const mapped = await stage.map(queue, SUCCESS, { maximumConcurrency: 4, host: { concurrency: 4 } });
    await mapped.drained();

    expect(mapped.seen().flatMap(({ bodies }) => bodies)).toEqual(numbers(40));
    await expect(stage.sqs.send(new ReceiveMessageCommand({ QueueUrl: queue }))).resolves.not.toHaveProperty('Messages');
  });
});
