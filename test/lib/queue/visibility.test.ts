import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { deadlineIn } from '../../../lib/deadline.ts';
import { hideUnsettled } from '../../../lib/queue/hide.ts';
import { sqsVisibility } from '../../../lib/queue/sqs-visibility.ts';
import { hiddenFor } from '../../../lib/queue/visibility.ts';
import type { ForwardedMessage } from '../../../lib/source/iggy.ts';
import type { LoaderEvent } from '../../../lib/telemetry.ts';
import { epochMillis, millis, seconds } from '../../../lib/units.ts';
import { startSqs } from '../../../local/aws/sqs/server.ts';
import type { Endpoint } from '../../../local/loopback.ts';

describe('the time for which an unsettled message stays hidden', () => {
  const LONGEST = seconds(1800);

  it.each([
    [1, 5],
    [2, 10],
    [5, 80],
    [9, 1280],
    [10, 1800],
    [1000, 1800],
  ])('after %i receives is %i s, the last quarter at random', (receives, expected) => {
    expect(hiddenFor(receives, LONGEST, 0)).toBe(expected * 1000);
    expect(hiddenFor(receives, LONGEST, 0.999)).toBeGreaterThan(expected * 750);
  });

  it('keeps a message that is never settled below a thousand receives for the longest retention of a queue', () => {
    let receives = 0;
    for (let passed = 0; passed < 14 * 24 * 3600 * 1000; receives++) passed += hiddenFor(receives + 1, LONGEST, 1);

    expect(receives).toBeLessThanOrEqual(10 + (14 * 24 * 3600) / (0.75 * 1800));
  });
});

describe('hiding what is unsettled', () => {
  it('ends with the invocation, however slow the queue is, and says so', async () => {
    const events: LoaderEvent[] = [];
    const message: ForwardedMessage = {
      messageId: 'm',
      receiptHandle: 'h',
      queueArn: 'a',
      receives: 1,
      sentAt: epochMillis(0),
      content: { kind: 'left' },
    };
    const visibility = { hide: () => new Promise<void>(() => {}) };
    const hiding = {
      visibility,
      telemetry: { record: (event: LoaderEvent) => events.push(event) },
      clock: systemClock,
      longest: seconds(5),
    };

    await hideUnsettled([{ message, reason: 'r', patience: 1 }], hiding, deadlineIn(millis(20), systemClock));

    expect(events).toMatchObject([{ kind: 'visibility-unchanged', messages: 1, reason: 'there was no time left to change it' }]);
  });
});

describe('the visibility of messages in SQS', () => {
  let server: Endpoint;
  let sqs: SQSClient;
  const events: LoaderEvent[] = [];
  beforeAll(async () => {
    server = await startSqs();
    sqs = new SQSClient({ region: 'us-east-1', endpoint: server.endpoint, credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
  });
  afterAll(async () => {
    sqs.destroy();
    await server.close();
  });

  /** Messages as the function has them, hidden for an hour. */
  async function received(queue: string, count: number): Promise<{ QueueUrl: string; messages: ForwardedMessage[] }> {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: queue, Attributes: { VisibilityTimeout: '3600' } }));
    for (let n = 0; n < count; n++) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: String(n) }));
    const messages: ForwardedMessage[] = [];
    while (messages.length < count) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      messages.push(...Messages.map(({ MessageId, ReceiptHandle }) => messageOf(queue, MessageId, ReceiptHandle)));
    }
    return { QueueUrl, messages };
  }

  function messageOf(queue: string, messageId = '', receiptHandle = ''): ForwardedMessage {
    const queueArn = `arn:aws:sqs:us-east-1:000000000000:${queue}`;
    return { messageId, receiptHandle, queueArn, receives: 1, sentAt: epochMillis(0), content: { kind: 'left' } };
  }

  it('is changed for every message, however many', async () => {
    const { QueueUrl, messages } = await received('many', 23);

    await sqsVisibility(sqs, { record: (event) => events.push(event) }).hide(messages.map((message) => ({ message, within: millis(0) })));

    const again = new Set<string>();
    for (let round = 0; round < 5; round++) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      for (const { MessageId = '' } of Messages) again.add(MessageId);
    }
    expect(again).toEqual(new Set(messages.map(({ messageId }) => messageId)));
    expect(events).toEqual([]);
  });

  it('that cannot be changed is told and fails nothing', async () => {
    const gone = messageOf('no-such-queue', 'm', 'h');
    const { messages } = await received('stale', 1);
    const [stale] = messages.map((message) => ({ ...message, receiptHandle: 'not a handle' }));
    const visibility = sqsVisibility(sqs, { record: (event) => events.push(event) });

    await visibility.hide([gone, stale ?? gone].map((message) => ({ message, within: seconds(5) })));

    expect(events).toMatchObject([
      { kind: 'visibility-unchanged', messages: 1 },
      { kind: 'visibility-unchanged', messages: 1 },
    ]);
  });
});
