import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, KinesisClient, waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createLedgerTable } from '../aws/dynamodb/ledger-table.ts';
import { type EmbeddedAws, startAws } from '../aws/start.ts';
import type { DorisStandIn } from '../doris/run.ts';
import { startDoris } from '../doris/start.ts';
import type { Endpoint } from '../loopback.ts';

/** Names of what the demo creates. */
export const STREAM = 'flights-stream';
export const DATABASE = 'demo';
const LEDGER = 'doris-loader-ledger';
const DEAD_LETTERS = 'doris-loader-dead-letters';
const OVERFLOW = 'doris-loader-overflow';
/** As the stack of `infra/` keeps dead letters, and the most that SQS does. */
const LONGEST_RETENTION_SECONDS = 14 * 24 * 3600;

/** The services of AWS, whichever programs play them. */
type Services = Omit<EmbeddedAws, 'dynamoDb'> & { readonly dynamoDb: Endpoint };

/** What runs already and takes the place of a part. */
export interface GivenParts {
  readonly aws?: Services;
  /** A real one: nothing in it can be scripted. */
  readonly doris?: DorisStandIn;
  /** Where a given Doris redirects to, when that is not the host of its frontend. */
  readonly redirectHosts?: string;
}

/** Everything around the function, on this machine. */
export interface Stack {
  readonly aws: Services;
  readonly doris: DorisStandIn;
  /** Whether faults can be scripted into Doris. */
  readonly isStandIn: boolean;
  readonly kinesis: KinesisClient;
  readonly sqs: SQSClient;
  readonly deadLetterQueueUrl: string;
  /** The environment of the loader function. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts the emulators and the Doris stand-in, and creates stream, ledger, dead-letter queue, bucket and an empty database. */
export async function startStack(shards: number, given: GivenParts = {}): Promise<Stack> {
  const [aws, doris] = await Promise.all([
    given.aws ?? startAws({ kinesis: { thread: true } }),
    given.doris ?? startDoris({ user: 'loader', password: 'local-only' }),
  ]);
  const client = { region: aws.env['AWS_REGION'] ?? '', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const sqs = new SQSClient({ ...client, endpoint: aws.sqs.endpoint });
  // By itself the Kinesis client opens an HTTP/2 session for each call; the SQS client's handler keeps connections of HTTP/1.1 open.
  const kinesis = new KinesisClient({ ...client, endpoint: aws.kinesis.endpoint, requestHandler: sqs.config.requestHandler });
  // Copies every record for a log that is never written, which costs as much as sending them.
  kinesis.middlewareStack.remove('loggerMiddleware');
  await Promise.all([createStream(kinesis, shards), createLedger(new DynamoDBClient({ ...client, endpoint: aws.dynamoDb.endpoint }))]);
  await new S3Client({ ...client, endpoint: aws.sqs.endpoint, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: OVERFLOW }));
  const { QueueUrl: deadLetterQueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName: DEAD_LETTERS, Attributes: { MessageRetentionPeriod: String(LONGEST_RETENTION_SECONDS) } }),
  );
  if (given.doris !== undefined) await doris.query(`DROP DATABASE IF EXISTS ${DATABASE} FORCE`);
  await doris.query(`CREATE DATABASE ${DATABASE}`);
  return {
    aws,
    doris,
    isStandIn: given.doris === undefined,
    kinesis,
    sqs,
    deadLetterQueueUrl,
    env: {
      ...aws.env,
      DORIS_FE_URLS: doris.feUrl,
      DORIS_USER: doris.user,
      DORIS_PASSWORD: doris.password,
      DORIS_DATABASE: DATABASE,
      ...(given.redirectHosts === undefined ? {} : { DORIS_REDIRECT_HOSTS: given.redirectHosts }),
      LABEL_PREFIX: 'demo',
      LEDGER_TABLE: LEDGER,
      DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl,
      DEAD_LETTER_BUCKET: OVERFLOW,
    },
    close: async () => {
      kinesis.destroy();
      sqs.destroy();
      await Promise.all([aws.close(), doris.close()]);
    },
  };
}

async function createStream(kinesis: KinesisClient, shards: number): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ StreamName: STREAM, ShardCount: shards }));
  await waitUntilStreamExists({ client: kinesis, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.05 }, { StreamName: STREAM });
}

async function createLedger(dynamoDb: DynamoDBClient): Promise<void> {
  await createLedgerTable(dynamoDb, LEDGER);
  dynamoDb.destroy();
}
