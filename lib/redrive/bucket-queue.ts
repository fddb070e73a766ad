import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { DeadLettersUnavailable } from '../dead-letter/letter.ts';
import type { HeldMessage, LetterQueue } from './queue.ts';

/** A prefix of a bucket, as Lambda fills it with batches that it gave up. */
export interface BucketPlace {
  readonly bucket: string;
  readonly prefix: string;
}

/** Reads objects as if they were messages: one JSON document each, in the order of their keys. Nobody is kept from reading them at the same time. */
export function bucketQueue(client: S3Client, { bucket, prefix }: BucketPlace): LetterQueue {
  let after: string | undefined;

  async function read(key: string): Promise<HeldMessage> {
    const { Body } = await answered(bucket, client.send(new GetObjectCommand({ Bucket: bucket, Key: key })));
    return { messageId: key, receiptHandle: key, body: (await Body?.transformToString()) ?? '', attributes: {} };
  }

  return {
    async take(most, bytes) {
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        MaxKeys: Math.min(most, 1_000),
        ...(after === undefined ? {} : { StartAfter: after }),
      });
      const { Contents = [] } = await answered(bucket, client.send(command));
      const taken: HeldMessage[] = [];
      let size = 0;
      for (const { Key = '', Size = 0 } of Contents) {
        if (taken.length > 0 && size + Size > bytes) break;
        taken.push(await read(Key));
        size += Size;
        after = Key;
      }
      return taken;
    },
    async remove(messages) {
      for (const { messageId: Key } of messages) await answered(bucket, client.send(new DeleteObjectCommand({ Bucket: bucket, Key })));
      return [];
    },
    release: async () => {},
  };
}

async function answered<T>(bucket: string, reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new DeadLettersUnavailable(`the bucket ${bucket} did not answer: ${why}`, { cause: error });
  }
}
