import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { except } from './rules.ts';

/** Where records go that can never load. */
export interface DeadLetters {
  /** One message a record, sent by the loaders. */
  readonly letters: Queue;
  /** Where Lambda reports batches whose records grew too old to be tried again. */
  readonly expired: { readonly kind: 'bucket'; readonly bucket: Bucket } | { readonly kind: 'queue'; readonly queue: Queue };
  /** For payloads that no message can hold. */
  readonly bucket?: Bucket;
}

/** The longest that SQS keeps a message. */
const RETENTION = Duration.days(14);

/** The dead-letter queue and, unless it is not wanted, the bucket beside it. */
export function deadLetters(scope: Construct, withBucket: boolean, removalPolicy: RemovalPolicy): DeadLetters {
  const within = new Construct(scope, 'DeadLetters');
  const letters = lettersQueue(within, 'Queue', removalPolicy);
  if (!withBucket) return { letters, expired: { kind: 'queue', queue: lettersQueue(within, 'ExpiredBatches', removalPolicy) } };
  const bucket = overflowBucket(within, removalPolicy);
  return { letters, bucket, expired: { kind: 'bucket', bucket } };
}

function lettersQueue(scope: Construct, id: string, removalPolicy: RemovalPolicy): Queue {
  const queue = new Queue(scope, id, {
    retentionPeriod: RETENTION,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    removalPolicy,
  });
  except(queue, 'SQS3', 'It is the end of the road: people and the redrive function take messages from it.');
  return queue;
}

function overflowBucket(scope: Construct, removalPolicy: RemovalPolicy): Bucket {
  const bucket = new Bucket(scope, 'Bucket', {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    versioned: true,
    // A year, as long as a stream can keep what the objects stand for; a version that was written over goes with its letter.
    lifecycleRules: [
      {
        expiration: Duration.days(365),
        noncurrentVersionExpiration: Duration.days(14),
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
    ],
    removalPolicy,
  });
  except(bucket, 'S1', 'Only the loaders write and only the redrive reads it; data events of CloudTrail tell who did.');
  return bucket;
}
