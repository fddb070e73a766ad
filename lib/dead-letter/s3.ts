import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { spellPosition } from '../source/position.ts';
import type { SourceShard } from '../source/record.ts';
import { bytesOf } from '../source/slice.ts';
import { type DeadLetter, DeadLettersUnavailable } from './letter.ts';
import type { PayloadStore } from './sqs.ts';

/** Keeps payloads in a bucket, under a key made of the record's identity: the same record sent twice is one object. */
export function s3PayloadStore(client: S3Client, bucket: string): PayloadStore {
  return {
    async keep(letter) {
      const key = keyOf(letter);
      try {
        await client.send(
          new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytesOf(letter.record.payload), ContentType: 'application/octet-stream' }),
        );
      } catch (error) {
        const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        throw new DeadLettersUnavailable(`the dead-letter bucket ${bucket} did not take ${key}: ${why}`, { cause: error });
      }
      return `s3://${bucket}/${key}`;
    },
  };
}

/** `dead-letters/-/iggy/contract/{SQS message}` for a body that does not say what it is; else `dead-letters/{target}/{account, or iggy}/{stream}/{shard}/{position}`, for Iggy with what tells apart messages of one offset. */
function keyOf({ fault, source, record, target }: DeadLetter): string {
  if (fault.errorClass === 'contract') return `dead-letters/-/iggy/contract/${record.itemIdentifier}`;
  const position = spellPosition(record.position).replace(':', '.');
  const { iggy } = record;
  return [
    'dead-letters',
    target,
    ...streamFolders(source),
    source.shard,
    iggy === undefined ? position : `${position}-${iggy.timestamp}-${iggy.id}`,
  ].join('/');
}

/** Iggy's names may hold any character, slashes among them. */
function streamFolders(source: SourceShard): string[] {
  if (source.kind === 'iggy') return ['iggy', encodeURIComponent(source.streamName), encodeURIComponent(source.topicName)];
  const [, , , region, account] = source.stream.split(':');
  return [`${region}-${account}`, source.streamName];
}
