import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeadLetter, DeadLettersUnavailable } from '../../../lib/dead-letter/letter.ts';
import { s3PayloadStore } from '../../../lib/dead-letter/s3.ts';
import { sqsDeadLetters } from '../../../lib/dead-letter/sqs.ts';
import type { Position } from '../../../lib/source/position.ts';
import { startSqs } from '../../../local/aws/sqs/server.ts';
import type { Endpoint } from '../../../local/loopback.ts';
import { virtualClock } from '../../support/virtual-clock.ts';
import { letterOf } from './letters.ts';

const MIB = 1024 * 1024;

let aws: Endpoint;
let sqs: SQSClient;
let s3: S3Client;
let queues = 0;

beforeAll(async () => {
  aws = await startSqs();
  const options = { endpoint: aws.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  sqs = new SQSClient(options);
  s3 = new S3Client({ ...options, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'overflow' }));
});
afterAll(async () => {
  sqs.destroy();
  s3.destroy();
  await aws.close();
});

/** Sends letters to a new queue and receives all that came. */
const carried = async (letters: readonly DeadLetter[], bucket?: string, Attributes = {}): Promise<Message[]> => {
  const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `dead-${queues++}`, Attributes }));
  const store = bucket === undefined ? {} : { store: s3PayloadStore(s3, bucket) };
  await sqsDeadLetters({ client: sqs, queueUrl, maxBytes: MIB, ...store }, virtualClock()).send(letters);
  const received: Message[] = [];
  for (let last = -1; last !== received.length; ) {
    last = received.length;
    const reply = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    );
    received.push(...(reply.Messages ?? []));
  }
  return received;
};
const attribute = (message: Message | undefined, name: string): string => message?.MessageAttributes?.[name]?.StringValue ?? '';
const encodingOf = (message: Message | undefined): unknown => (JSON.parse(attribute(message, 'context')) as { encoding: unknown }).encoding;

describe('a dead letter in the embedded queue', () => {
  it.each([
    ['text with emoji', '{"a":"😀"', 'utf8'],
    ['pretty-printed text', '{\r\n\t"a": ', 'utf8'],
    ['control characters', '{"a":"\u0000\u001b"', 'base64'],
    ['U+FFFE', '\ufffe', 'base64'],
  ])('gives the payload back byte for byte: %s', async (_what, payload, encoding) => {
    const [message] = await carried([letterOf(payload)]);

    expect(encodingOf(message)).toBe(encoding);
    expect(Buffer.from(message?.Body ?? '', encoding as BufferEncoding).toString()).toBe(payload);
    expect(Object.keys(message?.MessageAttributes ?? {})).toHaveLength(10);
  });

  it('of an empty payload says so and has ten attributes like any other', async () => {
    const [message] = await carried([letterOf('')]);

    expect(message?.Body).toBe('payload omitted, 0 bytes');
    expect(Object.keys(message?.MessageAttributes ?? {})).toHaveLength(10);
  });

  it('arrives however many there are', async () => {
    const letters = Array.from({ length: 137 }, (_, n) => letterOf(`{"n":${n}`, String(n)));

    const positions = (await carried(letters)).map((message) => Number(attribute(message, 'position')));

    expect(positions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 137 }, (_, n) => n));
  });

  it('shares calls with others only up to one mebibyte', async () => {
    const letters = ['a', 'b', 'c', 'd'].map((letter) => letterOf(letter.repeat(400_000)));

    expect((await carried(letters)).map(({ Body }) => Body?.[0]).toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('with a key of 300 KB and a reason of 10 KB still arrives with its payload', async () => {
    const letter = letterOf('{"a":');
    const long = {
      ...letter,
      fault: { errorClass: 'decode', reason: 'r'.repeat(10_240) },
      record: { ...letter.record, partitionKey: 'k'.repeat(300_000) },
    } as const;

    expect((await carried([long])).map(({ Body }) => Body)).toEqual(['{"a":']);
  });
});

describe('a payload that no message can hold', () => {
  const payload = Buffer.alloc(1_258_291, '{');

  it('goes to the bucket, and the letter says where it is and keeps its reason', async () => {
    const [message] = await carried([letterOf(payload)], 'overflow');

    expect(message?.Body).toBe('s3://overflow/dead-letters/shop.orders/eu-central-1-123456789012/orders/shardId-000000000003/495');
    expect([encodingOf(message), attribute(message, 'errorClass'), attribute(message, 'reason')]).toEqual([
      's3',
      'decode',
      'payload is not JSON',
    ]);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'overflow', Key: (message?.Body ?? '').slice('s3://overflow/'.length) }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(payload)).toBe(true);
  });

  it('is omitted as oversize where there is no bucket, with its size, its position and the first reason', async () => {
    const [message] = await carried([letterOf(payload)]);

    expect(message?.Body).toBe('payload omitted, 1258291 bytes');
    expect([encodingOf(message), attribute(message, 'errorClass'), attribute(message, 'position')]).toEqual(['omitted', 'oversize', '495']);
    expect(attribute(message, 'reason')).toMatch(/^payload of 1258291 bytes .* It was refused because: payload is not JSON$/);
  });

  it.each([
    ['a body of no shape', 'contract', '-'],
    ['a payload without metadata', 'decode', '00000000000000000000'],
  ] as const)('stays with its queue where there is no bucket and no position to read it by: %s', async (_what, errorClass, position) => {
    const { record, ...letter } = letterOf(payload);
    const source = { kind: 'iggy', stream: 'shop/orders', streamName: 'shop', topicName: 'orders', shard: 'm-1' } as const;
    const unnamed = { ...letter, source, fault: { errorClass, reason: 'bad' }, record: { ...record, position: position as Position } };

    const sending = carried([unnamed]);

    await expect(sending).rejects.toThrow(DeadLettersUnavailable);
    await expect(sending).rejects.toThrow('set DEAD_LETTER_BUCKET');
  });

  it('stays unverifiable where there is no bucket, so that a redrive looks whether the table has its row', async () => {
    const fault = { errorClass: 'unverifiable', reason: 'whether Doris has the row cannot be told any more' } as const;
    const [message] = await carried([{ ...letterOf(payload), fault }]);

    expect([encodingOf(message), attribute(message, 'errorClass')]).toEqual(['omitted', 'unverifiable']);
  });

  it('may be one that fits as text but not as base64', async () => {
    const binary = Buffer.alloc(900_000, 0xff);

    expect((await carried([letterOf('x'.repeat(900_000)), letterOf(binary)], 'overflow')).map(encodingOf).toSorted()).toEqual([
      's3',
      'utf8',
    ]);
  });

  it('that the bucket does not take keeps its record with the source', async () => {
    await expect(carried([letterOf(payload)], 'no-such-bucket')).rejects.toThrow(DeadLettersUnavailable);
  });
});

describe('a queue that takes less than DEAD_LETTER_MAX_BYTES', () => {
  const small = { MaximumMessageSize: '262144' };
  const long = 'x'.repeat(300_000);

  it('gets long payloads by way of the bucket, and the others as they are, each once', async () => {
    const messages = await carried([letterOf('a', '1'), letterOf(long, '2'), letterOf('b', '3'), letterOf(long, '4')], 'overflow', small);

    expect(messages.map((message) => [attribute(message, 'position'), encodingOf(message)]).toSorted()).toEqual([
      ['1', 'utf8'],
      ['2', 's3'],
      ['3', 'utf8'],
      ['4', 's3'],
    ]);
  });

  it('is told of long payloads where there is no bucket', async () => {
    const [message] = await carried([letterOf(long, '2')], undefined, small);

    expect(message?.Body).toBe('payload omitted, 300000 bytes');
  });

  it('stops nothing for ever but what no letter can be made short enough for', async () => {
    await expect(carried([letterOf('{', '1')], undefined, { MaximumMessageSize: '1024' }).then(([message]) => message?.Body)).resolves.toBe(
      '{',
    );
    const key = { ...letterOf('{', '1'), target: 't'.repeat(500), fault: { errorClass: 'decode', reason: 'r'.repeat(1000) } } as const;
    await expect(carried([key], undefined, { MaximumMessageSize: '1024' })).rejects.toThrow(DeadLettersUnavailable);
  });
});
