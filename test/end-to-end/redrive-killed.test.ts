import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedriveAnswer } from '../../functions/redrive.ts';
import { STREAM } from '../../local/demo/stack.ts';
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

/** Letters that wait or are in somebody's hands. */
async function lettersLeft(): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await stack.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: stack.deadLetterQueueUrl, AttributeNames: [...names] }),
  );
  return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}

const RECORDS = 120;
const pause = (span: number) => new Promise((resolve) => setTimeout(resolve, span));

describe('redrives that are killed, each at another moment', () => {
  it('load every record once', async () => {
    await createTable('INT');
    const payloads = Array.from({ length: RECORDS }, (_, id) => `{"id":${id},"amount":"x"}`);
    const event = kinesisEvent(payloads.map((data, n) => ({ data, sequenceNumber: String(9_000 + n) })));
    const loader = stack.startFunction({ POISON_FUSE_SHARE: '1' });
    expect(await loader.invoke(JSON.stringify(event))).toMatchObject({ payload: '{"batchItemFailures":[]}' });
    await createTable('VARCHAR(10)');

    let answer: RedriveAnswer | undefined;
    for (let run = 0; run < 25 && (await lettersLeft()) > 0; run++) {
      const redrive = stack.startFunction({ MAX_LOAD_ROWS: '15' }, 9_000, 'redrive');
      const result = redrive.invoke('{}');
      if (run < 6) {
        await pause(900 + run * 250);
        await redrive.kill();
      }
      const ended = await result;
      if (ended.kind === 'returned') answer = JSON.parse(ended.payload);
      await redrive.close();
      if ((await lettersLeft()) > 0) await pause(1_000);
    }

    expect(await stack.select('SELECT COUNT(*), COUNT(DISTINCT id) FROM t')).toEqual([[String(RECORDS), String(RECORDS)]]);
    expect(await lettersLeft()).toBe(0);
    expect(answer).toMatchObject({ left: [] });
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

  it('is read from the stream again by position, loaded once, and its poison becomes letters', async () => {
    await createTable('VARCHAR(10)');
    await putRecords(['{"id":0}']);
    const put = await putRecords(['{"id":1}', 'no JSON', '{"id":2}', '{"id":3,"amount":"much longer than ten"}']);
    await putRecords(['{"id":4}']);
    await tellExpired(put);
    await tellExpired(put);
    const redrive = stack.startFunction({}, 30_000, 'redrive');

    const result = await redrive.invoke('{}');

    expect(result).toMatchObject({ kind: 'returned' });
    expect((await stack.select('SELECT id FROM t ORDER BY id')).map(([id]) => Number(id))).toEqual([1, 2]);
    const letters = (await stack.letters()).map(({ position, errorClass }) => `${position} ${errorClass}`);
    expect(new Set(letters)).toEqual(new Set([`${put[1]?.SequenceNumber} decode`, `${put[3]?.SequenceNumber} data-quality`]));
  });
});
