import { gzipSync } from 'node:zlib';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RedriveAnswer } from '../../functions/redrive.ts';
import type { FunctionHost } from '../../local/function-process/host.ts';
import { kinesisEvent } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';

let stack: LocalStack;
let loader: FunctionHost;
let redrive: FunctionHost & { readonly lines: string[] };
let next = 1_000_000;

beforeAll(async () => {
  stack = await startLocalStack();
  loader = stack.startFunction();
  redrive = stack.startFunction({}, 30_000, 'redrive');
});
afterAll(() => stack.close());
beforeEach(async () => {
  await stack.letters();
  await stack.select('DROP TABLE IF EXISTS t');
  await createTable('INT');
});

async function createTable(type: string): Promise<void> {
  await stack.select(
    `CREATE TABLE t (id BIGINT NOT NULL, amount ${type} NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
  );
}

/** Lets the loader take payloads, of which some become dead letters. */
async function load(payloads: readonly (string | Uint8Array)[]): Promise<void> {
  const event = kinesisEvent(payloads.map((data) => ({ data, sequenceNumber: String(next++) })));
  expect(await loader.invoke(JSON.stringify(event))).toMatchObject({ kind: 'returned', payload: '{"batchItemFailures":[]}' });
}

async function run(options: object = {}): Promise<RedriveAnswer> {
  const result = await redrive.invoke(JSON.stringify(options));
  if (result.kind !== 'returned') throw new Error(JSON.stringify(result));
  return JSON.parse(result.payload);
}

async function waiting(): Promise<number> {
  const { Attributes } = await stack.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: stack.deadLetterQueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return Number(Attributes?.['ApproximateNumberOfMessages']);
}

const ids = async () => (await stack.select('SELECT id FROM t ORDER BY id')).map(([id]) => Number(id));

describe('the redrive function', () => {
  it('loads letters once their table takes them, and takes them off the queue', async () => {
    await load(['{"id":1,"amount":1}', '{"id":2,"amount":"many"}', '{"id":3,"amount":"few"}', '{"id":4,"amount":4}']);
    await stack.select('DROP TABLE t');
    await createTable('VARCHAR(10)');

    expect(await run()).toMatchObject({ read: 2, loaded: 2, removed: 2, left: [], more: false });

    expect(await ids()).toEqual([2, 3]);
    expect(await waiting()).toBe(0);
  });

  it('leaves what is still refused in the queue, and says why', async () => {
    await load(['{"id":2,"amount":"many"}', 'no JSON', '{"id":3,"amount":"few"}']);

    const answer = await run();

    expect(answer).toMatchObject({ read: 3, loaded: 0, leftBy: { refused: 3, kept: 0, unverifiable: 0, foreign: 0 } });
    expect(answer.left.map(({ reason }) => reason).toSorted()).toEqual([
      expect.stringContaining('amount'),
      expect.stringContaining('amount'),
      'decode: payload is not JSON',
    ]);
    expect(await ids()).toEqual([]);
    expect(await waiting()).toBe(3);
  });

  it('loads nothing twice when a letter was there twice, even in another run', async () => {
    await load(['{"id":5,"amount":"x"}', gzipSync('{"id":6,"amount":"y"}')]);
    const letters = await stack.rawLetters();
    const send = async () => {
      for (const { body, attributes } of letters) {
        const MessageAttributes = Object.fromEntries(
          Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
        );
        await stack.sqs.send(new SendMessageCommand({ QueueUrl: stack.deadLetterQueueUrl, MessageBody: body, MessageAttributes }));
      }
    };
    await stack.letters();
    await stack.select('DROP TABLE t');
    await createTable('VARCHAR(10)');
    await send();
    await send();

    expect(await run()).toMatchObject({ read: 4, loaded: 4, before: 0, removed: 4 });
    await send();
    expect(await run()).toMatchObject({ read: 2, loaded: 2, before: 2, removed: 2 });

    expect(await ids()).toEqual([5, 6]);
  });

  it('chooses letters by their attributes', async () => {
    await load(['{"id":7,"amount":"x"}', 'no JSON', '{"id":8,"amount":"x"}']);
    await stack.select('DROP TABLE t');
    await createTable('VARCHAR(10)');

    expect(await run({ where: ['errorClass=data-quality', `position<${next - 1}`] })).toMatchObject({ read: 3, passed: 2, loaded: 1 });

    expect(await ids()).toEqual([7]);
    expect(await waiting()).toBe(2);
  });

  it('tells in a dry run which records the table takes, and stores and removes nothing', async () => {
    await load(['{"id":9,"amount":"x"}', '{"id":10,"amount":"far too long for it"}', '{"id":11,"amount":"y"}']);
    await stack.select('DROP TABLE t');
    await createTable('VARCHAR(10)');

    const answer = await run({ dryRun: true });

    expect(answer).toMatchObject({ read: 3, loaded: 2, removed: 0, leftBy: { refused: 1 } });
    expect(await ids()).toEqual([]);
    expect(await waiting()).toBe(3);
    expect(await run()).toMatchObject({ loaded: 2, removed: 2, leftBy: { refused: 1 } });
  });

  it('refuses options that it does not know, naming each', async () => {
    const result = await redrive.invoke(JSON.stringify({ where: ['colour=red'], dryrun: true }));

    expect(JSON.stringify(result)).toContain('dryrun');
    expect(JSON.stringify(await redrive.invoke(JSON.stringify({ where: ['colour=red'] })))).toContain('is no field of a letter');
  });

  it('leaves messages alone that are no letters', async () => {
    await stack.sqs.send(new SendMessageCommand({ QueueUrl: stack.deadLetterQueueUrl, MessageBody: 'hello' }));

    expect(await run()).toMatchObject({ read: 1, loaded: 0, leftBy: { foreign: 1 } });

    expect(await waiting()).toBe(1);
  });
});
