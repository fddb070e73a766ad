import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { deadLetterQueue } from './dead-letters.ts';
import type { SharedResources } from './shared-resources.ts';

/** Where Lambda reports batches whose records the stream forgot before they were loaded: with the records, or with their positions only. */
export type ExpiredBatches = { readonly kind: 'bucket'; readonly bucket: Bucket } | { readonly kind: 'queue'; readonly queue: Queue };

/** The part of it that is one loader's: a folder of the bucket, or the queue. */
export type ExpiredPlace =
  | { readonly kind: 'folder'; readonly bucket: Bucket; readonly folder: string }
  | { readonly kind: 'queue'; readonly queue: Queue };

/** The bucket of the stack, or a queue of the loader's own where there is none. */
export function expiredBatches(scope: Construct, { bucket, removalPolicy }: SharedResources): ExpiredBatches {
  return bucket === undefined
    ? { kind: 'queue', queue: deadLetterQueue(scope, 'ExpiredBatches', removalPolicy) }
    : { kind: 'bucket', bucket };
}

/** Lambda names its keys `aws/lambda/<event source mapping>/<shard>/...`. */
export function placeOf(expired: ExpiredBatches, mappingId: string): ExpiredPlace {
  return expired.kind === 'queue' ? expired : { kind: 'folder', bucket: expired.bucket, folder: `aws/lambda/${mappingId}` };
}

/** The place as the option `from` of a redrive. */
export function spelt(place: ExpiredPlace): string {
  return place.kind === 'queue' ? place.queue.queueUrl : `s3://${place.bucket.bucketName}/${place.folder}/`;
}
