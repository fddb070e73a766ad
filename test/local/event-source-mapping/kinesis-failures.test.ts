import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from './fixture.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.endTest());
afterAll(() => stage.close());

function letters(count: number) {
  return Array.from({ length: count }, (_, index) => `r${index}`);
}

async function deadLettersOf(QueueUrl: string | undefined): Promise<readonly unknown[]> {
  const { Messages = [] } = await stage.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  return Messages.map(({ Body }) => JSON.parse(Body ?? '') as unknown);
}

async function createQueue(QueueName: string): Promise<string> {
  const { QueueUrl = '' } = await stage.sqs.send(new CreateQueueCommand({ QueueName }));
  return QueueUrl;
}

describe('a batch that fails', () => {
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
