import { CreateBucketCommand, DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketQueue } from '../../../lib/redrive/bucket-queue.ts';
import { letterQueue } from '../../../lib/redrive/queue.ts';
import { mebibytes, seconds } from '../../../lib/units.ts';
import { startSqs } from '../../../local/aws/sqs/server.ts';
import type { Endpoint } from '../../../local/loopback.ts';

const MUCH = mebibytes(16);

let aws: Endpoint;
let s3: S3Client;

beforeAll(async () => {
  aws = await startSqs();
  const options = { endpoint: aws.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  s3 = new S3Client({ ...options, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'batches' }));
});
afterAll(async () => {
  s3.destroy();
  await aws.close();
});

/** Messages in the order in which a queue hands them out, which the one of SQS is free to choose: ten a reply, then nothing. */
function handingOut(...replies: readonly (readonly number[])[]): SQSClient {
  const left = [...replies];
  const send = async () => ({
    Messages: (left.shift() ?? []).map((n) => ({ MessageId: `m-${n}`, ReceiptHandle: `r-${n}`, Body: String(n) })),
  });
  return { send } as unknown as SQSClient;
}

const tens = (from: number): number[] => Array.from({ length: 10 }, (_, n) => from + n);

describe('a queue that is redriven', () => {
  it('goes on behind messages that came again because their hold was over', async () => {
    const queue = letterQueue(handingOut(tens(0), tens(0), tens(10)), 'q', seconds(300));

    expect((await queue.take(20, MUCH)).map(({ body }) => Number(body))).toEqual([...tens(0), ...tens(10)]);
  });

  it('ends when all have come again and nothing else', async () => {
    const queue = letterQueue(handingOut(tens(0), ...Array(100).fill(tens(0))), 'q', seconds(1));

    expect(await queue.take(500, MUCH)).toHaveLength(10);
    expect(await queue.take(500, MUCH)).toEqual([]);
  });

  it('gives back what it can: what it cannot comes back by itself', async () => {
    const lonely = await startSqs();
    const client = new SQSClient({
      endpoint: lonely.endpoint,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: 'lonely' }));
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'letter' }));
    const queue = letterQueue(client, QueueUrl, seconds(300));
    expect(await queue.take(10, MUCH)).toHaveLength(1);
    await lonely.close();

    expect(await queue.release()).toBeUndefined();

    client.destroy();
  });
});

describe('a bucket that is redriven', () => {
  it('goes on when somebody else has removed an object since it was listed', async () => {
    for (const Key of ['aws/1', 'aws/2', 'aws/3']) await s3.send(new PutObjectCommand({ Bucket: 'batches', Key, Body: Key }));
    const meanwhile = {
      send: async (command: ListObjectsV2Command) => {
        const reply = await s3.send(command);
        if (command instanceof ListObjectsV2Command) await s3.send(new DeleteObjectCommand({ Bucket: 'batches', Key: 'aws/2' }));
        return reply;
      },
    } as unknown as S3Client;
    const queue = bucketQueue(meanwhile, { bucket: 'batches', prefix: 'aws/' });

    expect((await queue.take(10, MUCH)).map(({ body }) => body)).toEqual(['aws/1', 'aws/3']);
    expect(await queue.take(10, MUCH)).toEqual([]);
  });
});
