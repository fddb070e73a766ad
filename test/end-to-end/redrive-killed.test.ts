import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inlineBody, messageOf } from '../../lib/dead-letter/message.ts';
import { bytesOf } from '../../lib/source/slice.ts';
import { STREAM } from '../../local/demo/stack.ts';
import { letterOf } from '../lib/dead-letter/letters.ts';
import { kinesisEvent } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';

let stack: LocalStack;
beforeAll(async () => {
  stack = await startLocalStack();
});
afterAll(() => stack.close());

async function createTable(type: string): Promise<void> {
  await stack.select('DROP TABLE IF EXISTS t');
  await stack.select(
    `CREATE TABLE t (id BIGINT NOT NULL, amount ${type} NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
  );
}

/** Letters that wait, and letters that are in somebody's hands. */
async function letters(): Promise<{ readonly waiting: number; readonly hidden: number }> {
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await stack.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: stack.deadLetterQueueUrl, AttributeNames: [...AttributeNames] }),
  );
  return { waiting: Number(Attributes[AttributeNames[0]]), hidden: Number(Attributes[AttributeNames[1]]) };
}

async function sendLetters(ids: readonly number[]): Promise<void> {
  for (const id of ids) {
    const letter = { ...letterOf(`{"id":${id},"amount":"x"}`, String(9_000 + id)), target: 'demo.t' };
    const { MessageBody, MessageAttributes } = messageOf(letter, inlineBody(bytesOf(letter.record.payload)));
    await stack.sqs.send(new SendMessageCommand({ QueueUrl: stack.deadLetterQueueUrl, MessageBody, MessageAttributes }));
  }
}

const RECORDS = 60;
/** So long are the letters of a killed run hidden. */
const HOLD_MILLIS = 7_000;
const rows = async () => Number((await stack.select('SELECT COUNT(*) FROM t'))[0]?.[0]);

// Every call at which a run may die: test/lib/redrive/run.test.ts. Here it is a process, as it is deployed.
describe('redrives that are killed in the middle of their loads', () => {
  it('load every record once', async () => {
    await createTable('VARCHAR(10)');
    const settings = { MAX_LOAD_ROWS: '5' };

    for (const first of [0, RECORDS]) {
      await sendLetters(Array.from({ length: RECORDS }, (_, n) => first + n));
      const before = await rows();
      const redrive = stack.startFunction(settings, HOLD_MILLIS, 'redrive');
      const result = redrive.invoke('{}');
      await expect.poll(rows, { timeout: 10_000, interval: 5 }).toBeGreaterThan(before);
      await redrive.kill();
      expect((await result).kind).not.toBe('returned');
    }
    const last = stack.startFunction(settings, 20_000, 'redrive');
    await expect.poll(async () => (await last.invoke('{}')) && (await letters()), { timeout: 25_000 }).toEqual({ waiting: 0, hidden: 0 });

    expect(await stack.select('SELECT COUNT(*), COUNT(DISTINCT id) FROM t')).toEqual([[String(2 * RECORDS), String(2 * RECORDS)]]);
  });
});

describe('a batch that Lambda gave up', () => {
  async function putRecords(payloads: readonly string[]) {
    const Records = payloads.map((data) => ({ Data: Buffer.from(data), PartitionKey: 'k' }));
    const { Records: put = [] } = await stack.kinesis.send(new PutRecordsCommand({ StreamName: STREAM, Records }));
    return put.map(({ SequenceNumber = '', ShardId = '' }) => ({ SequenceNumber, ShardId }));
  }

  async function tellExpired(put: readonly { SequenceNumber: string; ShardId: string }[]): Promise<void> {
    const at = new Date().toISOString();
    const MessageBody = JSON.stringify({
      requestContext: { requestId: 'r', functionArn: 'f', condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: null },
      version: '1.0',
      timestamp: at,
      KinesisBatchInfo: {
        shardId: put[0]?.ShardId,
        startSequenceNumber: put[0]?.SequenceNumber,
        endSequenceNumber: put.at(-1)?.SequenceNumber,
        approximateArrivalOfFirstRecord: at,
        approximateArrivalOfLastRecord: at,
        batchSize: put.length,
        streamArn: `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`,
      },
    });
    await stack.sqs.send(new SendMessageCommand({ QueueUrl: stack.deadLetterQueueUrl, MessageBody }));
  }

  /** Lets the loader take what an event source mapping would bring. */
  async function deliver(put: readonly { SequenceNumber: string; ShardId: string }[], payloads: readonly string[]): Promise<void> {
    const told = put.map(({ SequenceNumber, ShardId }, n) => ({
      data: payloads[n] ?? '',
      sequenceNumber: SequenceNumber,
      shard: ShardId,
      streamArn: `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`,
    }));
    const result = await stack.startFunction().invoke(JSON.stringify(kinesisEvent(told)));
    expect(result).toMatchObject({ kind: 'returned', payload: '{"batchItemFailures":[]}' });
  }

  it('is read from the stream again by position, loaded once whatever mapping brings it again, and its poison becomes letters', async () => {
    await createTable('VARCHAR(10)');
    await deliver(await putRecords(['{"id":0}']), ['{"id":0}']);
    const put = await putRecords(['{"id":1}', 'no JSON', '{"id":2}', '{"id":3,"amount":"much longer than ten"}']);
    await putRecords(['{"id":4}']);
    await tellExpired(put);
    await tellExpired(put);
    const redrive = stack.startFunction({}, 30_000, 'redrive');

    const result = await redrive.invoke('{}');

    expect(result).toMatchObject({ kind: 'returned' });
    await deliver(put.slice(0, 1), ['{"id":1}']);
    await deliver(put.slice(1, 3), ['no JSON', '{"id":2}']);
    expect((await stack.select('SELECT id FROM t WHERE id < 100 AND amount IS NULL ORDER BY id')).map(([id]) => Number(id))).toEqual([
      0, 1, 2,
    ]);
    const told = (await stack.letters()).map(({ position, errorClass }) => `${position} ${errorClass}`);
    expect(new Set(told)).toEqual(new Set([`${put[1]?.SequenceNumber} decode`, `${put[3]?.SequenceNumber} data-quality`]));
  });
});
