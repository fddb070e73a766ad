import { createHash } from 'node:crypto';
import { type SendMessageBatchCommandInput, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import { DeadLettersUnavailable } from '../../../lib/dead-letter/letter.ts';
import { type LetterMessage, sizeOf } from '../../../lib/dead-letter/message.ts';
import { batchesOf, sqsDeadLetters } from '../../../lib/dead-letter/sqs.ts';
import type { Millis } from '../../../lib/units.ts';
import { virtualClock } from '../../support/virtual-clock.ts';
import { type AwsAnswer, type JsonServer, jsonServer } from '../json-server.ts';
import { letterOf } from './letters.ts';

type Entry = NonNullable<SendMessageBatchCommandInput['Entries']>[number];
/** What the scripted queue says of one entry of the n-th call. */
type Fate = 'taken' | 'unmentioned' | { readonly code: string; readonly senderFault: boolean };

let server: JsonServer | undefined;
afterEach(() => server?.close());

/** A queue that decides about each entry. The SDK checks the digest of each receipt, so it has to be true. */
const queueThat = async (decide: (entry: Entry, nth: number) => Fate) => {
  server = await jsonServer(({ input }, nth): AwsAnswer => {
    const entries = (input as SendMessageBatchCommandInput).Entries ?? [];
    const fates = entries.map((entry) => ({ entry, fate: decide(entry, nth) }));
    return {
      output: {
        Successful: fates.flatMap(({ entry: { Id, MessageBody = '' }, fate }) =>
          fate === 'taken' ? [{ Id, MessageId: `m-${Id}`, MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex') }] : [],
        ),
        Failed: fates.flatMap(({ entry: { Id }, fate }) =>
          typeof fate === 'string' ? [] : [{ Id, Code: fate.code, SenderFault: fate.senderFault, Message: 'because' }],
        ),
      },
    };
  });
  return lettersTo(server.endpoint);
};

const lettersTo = (endpoint: string) => {
  const waits: Millis[] = [];
  const clock = { ...virtualClock(), sleep: async (span: Millis) => void waits.push(span) };
  const client = new SQSClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  return { letters: sqsDeadLetters({ client, queueUrl: `${endpoint}/123456789012/dead`, maxBytes: 1_048_576 }, clock), waits };
};

const bodiesSent = (): string[][] =>
  (server?.calls ?? []).map(
    ({ input }) => (input as SendMessageBatchCommandInput).Entries?.map(({ MessageBody = '' }) => MessageBody) ?? [],
  );
const numbered = (count: number) => Array.from({ length: count }, (_, n) => letterOf(`payload ${n}`, String(n)));

describe('sending dead letters', () => {
  it('takes ten a call, and each letter once', async () => {
    const { letters, waits } = await queueThat(() => 'taken');

    await letters.send(numbered(25));

    expect(
      bodiesSent()
        .map(({ length }) => length)
        .toSorted((a, b) => b - a),
    ).toEqual([10, 10, 5]);
    expect(bodiesSent().flat().toSorted()).toEqual(
      numbered(25)
        .map((_, n) => `payload ${n}`)
        .toSorted(),
    );
    expect(waits).toEqual([]);
  });

  it('of nothing asks nobody', async () => {
    const { letters } = await queueThat(() => 'taken');

    await letters.send([]);

    expect(server?.calls).toEqual([]);
  });

  it("sends again just those that failed for the queue's own reasons, after a pause", async () => {
    const { letters, waits } = await queueThat(({ MessageBody }, nth) =>
      nth < 3 && /[37]$/.test(MessageBody ?? '') ? { code: 'InternalError', senderFault: false } : 'taken',
    );

    await letters.send(numbered(10));

    expect(bodiesSent().slice(1)).toEqual([
      ['payload 3', 'payload 7'],
      ['payload 3', 'payload 7'],
    ]);
    // Full jitter with chance in the middle: half of 100 ms, half of 200 ms.
    expect(waits).toEqual([50, 100]);
  });

  it('follows a letter through calls in which its number among the entries changes', async () => {
    const { letters } = await queueThat(({ MessageBody = '' }, nth) =>
      Number(MessageBody.slice(8)) >= 2 * nth ? { code: 'ServiceUnavailable', senderFault: false } : 'taken',
    );

    await letters.send(numbered(8));

    expect(bodiesSent().map((bodies) => bodies.map((body) => body.slice(8)).join(''))).toEqual(['01234567', '234567', '4567', '67']);
  });

  it('takes a letter without a receipt for one that was not accepted', async () => {
    const { letters } = await queueThat(({ Id }, nth) => (nth === 1 && Id === '1' ? 'unmentioned' : 'taken'));

    await letters.send(numbered(3));

    expect(bodiesSent()[1]).toEqual(['payload 1']);
  });

  it('gives up at once on a letter that the queue will never take, saying why', async () => {
    const { letters, waits } = await queueThat(({ Id }) => (Id === '2' ? { code: 'InvalidMessageContents', senderFault: true } : 'taken'));

    await expect(letters.send(numbered(3))).rejects.toThrow(
      'the dead-letter queue refused 1 of 3 letters: InvalidMessageContents: because',
    );
    await expect(letters.send(numbered(3))).rejects.toBeInstanceOf(DeadLettersUnavailable);
    expect(waits).toEqual([]);
  });

  it('makes smaller batches for a queue that takes less at once', async () => {
    server = await jsonServer(({ input }): AwsAnswer => {
      const entries = (input as SendMessageBatchCommandInput).Entries ?? [];
      if (entries.length > 2) {
        return {
          status: 400,
          error: 'AWS.SimpleQueueService.BatchRequestTooLong',
          message: 'Batch requests cannot be longer than 3000 bytes. You have sent 9000 bytes.',
        };
      }
      const digest = (text = '') => createHash('md5').update(text).digest('hex');
      return {
        output: { Successful: entries.map(({ Id, MessageBody }) => ({ Id, MessageId: 'm', MD5OfMessageBody: digest(MessageBody) })) },
      };
    });
    const { letters, waits } = lettersTo(server.endpoint);

    await letters.send(numbered(10).map((letter) => ({ ...letter, fault: { ...letter.fault, reason: 'r'.repeat(900) } })));

    expect(bodiesSent().slice(1).flat().toSorted()).toEqual(numbered(10).map((_, n) => `payload ${n}`));
    expect(waits).toEqual([]);
  });

  it('gives up after five calls', async () => {
    const { letters, waits } = await queueThat(() => ({ code: 'InternalError', senderFault: false }));

    await expect(letters.send(numbered(1))).rejects.toThrow(DeadLettersUnavailable);

    expect(bodiesSent()).toHaveLength(5);
    expect(waits).toEqual([50, 100, 200, 400]);
  });

  it('never takes silence for acceptance', async () => {
    const { letters } = await queueThat(() => 'unmentioned');

    await expect(letters.send(numbered(2))).rejects.toThrow('the dead-letter queue refused 2 of 2 letters: NoReceipt');
  });

  it('never takes an answer about other letters for one about its own', async () => {
    server = await jsonServer(() => ({ output: { Successful: [], Failed: [{ Id: '77', Code: 'InternalError', SenderFault: false }] } }));

    await expect(lettersTo(server.endpoint).letters.send(numbered(2))).rejects.toThrow(DeadLettersUnavailable);
  });

  it.each([
    [400, 'AWS.SimpleQueueService.NonExistentQueue'],
    [403, 'AccessDeniedException'],
    [503, 'ServiceUnavailable'],
  ])('keeps the records with their source when the queue answers %i %s', async (status, error) => {
    server = await jsonServer(() => ({ status, error, message: 'no' }));

    await expect(lettersTo(server.endpoint).letters.send(numbered(1))).rejects.toThrow(DeadLettersUnavailable);
  });

  it('keeps the records with their source when nobody listens', async () => {
    server = await jsonServer(() => ({ output: {} }));
    await server.close();
    const { endpoint } = server;
    server = undefined;

    const sending = lettersTo(endpoint).letters.send(numbered(1));
    await expect(sending).rejects.toThrow(DeadLettersUnavailable);
    await expect(sending).rejects.toThrow(`the dead-letter queue ${endpoint}/123456789012/dead did not answer`);
  });

  it('keeps the records with their source when the receipt is for another text', async () => {
    server = await jsonServer(() => ({
      output: { Successful: [{ Id: '0', MessageId: 'm', MD5OfMessageBody: '0'.repeat(32) }], Failed: [] },
    }));

    await expect(lettersTo(server.endpoint).letters.send(numbered(1))).rejects.toThrow(DeadLettersUnavailable);
  });
});

describe('batches of messages', () => {
  const message = (size: number): LetterMessage => ({ MessageBody: 'x'.repeat(size), MessageAttributes: {} });

  it('hold at most ten messages and the limit in bytes, attributes counted, in order', () => {
    const sizes = [400, 400, 201, 999, 1, 1000, ...Array(11).fill(1)];

    const batches = batchesOf(sizes.map(message), 1000);

    expect(batches.map((batch) => batch.map(sizeOf))).toEqual([[400, 400], [201], [999, 1], [1000], Array(10).fill(1), [1]]);
  });
});
