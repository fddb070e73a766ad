import { DescribeTableCommand, DescribeTimeToLiveCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Config } from '../config.ts';
import { describeStream } from '../source/shards.ts';
import { type Check, type Finding, fault, ok, warning } from './finding.ts';

/** The ledger's table: there, active, with the keys and the expiry that the loader counts on. */
export async function checkLedger(client: DynamoDBClient, table: string): Promise<readonly Finding[]> {
  const reply = await answered(
    'dynamodb',
    table,
    client.send(new DescribeTableCommand({ TableName: table })),
    'create the table, correct LEDGER_TABLE, or allow dynamodb:DescribeTable',
  );
  if ('check' in reply) return [reply];
  const { TableStatus: status, KeySchema: keys = [], AttributeDefinitions: types = [] } = reply.value.Table ?? {};
  const spelt = keys.map(
    ({ AttributeName, KeyType }) =>
      `${AttributeName} ${KeyType} ${types.find((type) => type.AttributeName === AttributeName)?.AttributeType}`,
  );
  if (spelt.join(', ') !== 'pk HASH S, sk RANGE S')
    return [
      fault(
        'dynamodb',
        table,
        `its keys are ${spelt.join(', ')}`,
        'the ledger needs partition key pk (S) and sort key sk (S): name another table',
      ),
    ];
  if (status !== 'ACTIVE') return [fault('dynamodb', table, `it is ${status}`, 'wait until it is ACTIVE')];
  return [ok('dynamodb', table, 'is active and has the keys of a ledger'), ...(await checkExpiry(client, table))];
}

async function checkExpiry(client: DynamoDBClient, table: string): Promise<readonly Finding[]> {
  const reply = await answered(
    'dynamodb',
    table,
    client.send(new DescribeTimeToLiveCommand({ TableName: table })),
    'allow dynamodb:DescribeTimeToLive',
  );
  if ('check' in reply) return [{ ...reply, verdict: 'untold' }];
  const { TimeToLiveStatus: status, AttributeName: attribute } = reply.value.TimeToLiveDescription ?? {};
  if (status === 'ENABLED' && attribute === 'expiresAt') return [];
  return [
    warning(
      'dynamodb',
      table,
      'time to live is not on for expiresAt: items of streams and outages that are gone stay',
      'turn it on for the attribute expiresAt',
    ),
  ];
}

/** The queue of dead letters: there, large enough, and keeping its messages for long. */
export async function checkQueue(client: SQSClient, { queueUrl, maxBytes }: Config['deadLetters']): Promise<readonly Finding[]> {
  const ask = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] });
  const reply = await answered(
    'sqs',
    queueUrl,
    client.send(ask),
    'create the queue, correct DEAD_LETTER_QUEUE_URL, or allow sqs:GetQueueAttributes',
  );
  if ('check' in reply) return [reply];
  const {
    MaximumMessageSize: largest,
    MessageRetentionPeriod: kept,
    ApproximateNumberOfMessages: waiting = '0',
  } = reply.value.Attributes ?? {};
  const findings = [ok('sqs', queueUrl, `answers; about ${waiting} dead letters wait in it`)];
  if (largest !== undefined && Number(largest) < maxBytes)
    findings.push(
      fault(
        'sqs',
        queueUrl,
        `takes messages of ${largest} bytes, DEAD_LETTER_MAX_BYTES is ${maxBytes}: larger letters are refused and their shards wait`,
        'raise MaximumMessageSize of the queue, or lower DEAD_LETTER_MAX_BYTES',
      ),
    );
  if (kept !== undefined && Number(kept) < LONGEST_RETENTION)
    findings.push(
      warning(
        'sqs',
        queueUrl,
        `drops dead letters after ${Math.round(Number(kept) / 86_400)} days`,
        'set MessageRetentionPeriod to 1209600 (14 days)',
      ),
    );
  return findings;
}

const LONGEST_RETENTION = 14 * 86_400;

/** The bucket for payloads that no message holds. */
export async function checkBucket(client: S3Client, bucket: string | undefined): Promise<Finding> {
  if (bucket === undefined)
    return warning(
      's3',
      'DEAD_LETTER_BUCKET',
      'is not set: payloads that are too large for SQS are not kept, only their positions',
      'set DEAD_LETTER_BUCKET where records may be larger than 1 MiB',
    );
  const reply = await answered(
    's3',
    bucket,
    client.send(new HeadBucketCommand({ Bucket: bucket })),
    'create the bucket, correct DEAD_LETTER_BUCKET, or allow s3:ListBucket',
  );
  return 'check' in reply ? reply : ok('s3', bucket, 'answers');
}

/** Streams: there, and keeping records for longer than an outage over a weekend lasts. */
export async function checkStream(client: KinesisClient, stream: string): Promise<Finding> {
  try {
    const { retentionHours, shards } = await describeStream(client, stream);
    const open = shards.filter(({ state }) => state === 'open').length;
    if (retentionHours >= WEEKEND_HOURS) return ok('stream', stream, `${open} open shards, keeps records for ${retentionHours} h`);
    return warning(
      'stream',
      stream,
      `keeps records for ${retentionHours} h: an outage of Doris that lasts longer loses data`,
      `raise the retention to ${WEEKEND_HOURS} h or more`,
    );
  } catch (error) {
    return fault(
      'stream',
      stream,
      error instanceof Error ? error.message : String(error),
      'correct the name, or allow kinesis:DescribeStreamSummary and kinesis:ListShards',
    );
  }
}

const WEEKEND_HOURS = 72;

type Answered<T> = { readonly value: T } | Finding;

/** What AWS answers, or the finding that it does not. */
export async function answered<T>(check: Check, subject: string, reply: Promise<T>, advice: string): Promise<Answered<T>> {
  try {
    return { value: await reply };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const what = message === '' || message === 'UnknownError' ? name : `${name}: ${message}`;
    return fault(check, subject, what, advice);
  }
}
