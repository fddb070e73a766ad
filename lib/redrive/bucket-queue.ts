import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';
import { answered, type HeldMessage, type LetterQueue } from './queue.ts';

/** A prefix of a bucket, as Lambda fills it with batches that it gave up. */
export interface BucketPlace {
  readonly bucket: string;
  readonly prefix: string;
}

/** Reads objects as if they were messages: one JSON document each, in the order of their keys. Nobody is kept from reading them at the same time. */
export function bucketQueue(client: S3Client, { bucket, prefix }: BucketPlace): LetterQueue {
  let after: string | undefined;

  async function list(most: number) {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      MaxKeys: Math.min(most, 1_000),
      ...(after === undefined ? {} : { StartAfter: after }),
    });
    return (await answered(`the bucket ${bucket}`, client.send(command))).Contents ?? [];
  }

  /** Nothing when somebody else has removed it since it was listed. */
  async function read(key: string): Promise<HeldMessage | undefined> {
    const reply = client.send(new GetObjectCommand({ Bucket: bucket, Key: key })).catch((error: unknown) => {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    });
    const found = await answered(`the bucket ${bucket}`, reply);
    if (found === undefined) return undefined;
    const { Body } = found;
    return { messageId: key, receiptHandle: key, body: (await Body?.transformToString()) ?? '', attributes: {} };
  }

  return {
    async take(most, bytes) {
      for (let listed = await list(most); listed.length > 0; listed = await list(most)) {
        const taken: HeldMessage[] = [];
        for (const { Key = '' } of upTo(bytes, listed)) {
          const message = await read(Key);
          if (message !== undefined) taken.push(message);
          after = Key;
        }
        if (taken.length > 0) return taken;
      }
      return [];
    },
    async remove(messages) {
      for (const { messageId: Key } of messages)
        await answered(`the bucket ${bucket}`, client.send(new DeleteObjectCommand({ Bucket: bucket, Key })));
      return [];
    },
    release: async () => {},
  };
}

/** The first object, and those behind it as far as all are no larger than that. */
function upTo<T extends { readonly Size?: number | undefined }>(bytes: number, listed: readonly T[]): readonly T[] {
  let size = 0;
  const end = listed.findIndex(({ Size = 0 }, n) => {
    size += Size;
    return size > bytes && n > 0;
  });
  return end === -1 ? listed : listed.slice(0, end);
}
