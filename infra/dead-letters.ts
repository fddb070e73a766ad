import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { except } from './rules.ts';

/** The longest that SQS keeps a message. */
const RETENTION = Duration.days(14);

/** The largest message that SQS takes, with its attributes; the functions count on it. */
export const LARGEST_MESSAGE_BYTES = 1024 ** 2;

/** A queue for what can never load: of one loader, since another one would redrive its letters under another identity, or into another Doris. */
export function deadLetterQueue(scope: Construct, id: string, removalPolicy: RemovalPolicy): Queue {
  const queue = new Queue(scope, id, {
    retentionPeriod: RETENTION,
    maxMessageSizeBytes: LARGEST_MESSAGE_BYTES,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    removalPolicy,
  });
  except(queue, 'SQS3', 'It is the end of the road: people and the redrive function take messages from it.');
  return queue;
}

/** The bucket of all loaders: payloads that no message can hold, and batches that Lambda gave up. */
export function deadLetterBucket(scope: Construct, removalPolicy: RemovalPolicy): Bucket {
  const bucket = new Bucket(new Construct(scope, 'DeadLetters'), 'Bucket', {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
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
