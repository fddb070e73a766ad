import type { Endpoint } from '../loopback.ts';
import { type DynamoDb, type DynamoDbOptions, startDynamoDb } from './dynamodb/server.ts';
import { type KinesisOptions, startKinesis } from './kinesis/server.ts';
import { startKinesisThread } from './kinesis/thread.ts';
import { type SqsOptions, startSqs } from './sqs/server.ts';

/** What the services share, and what is particular to each. */
export interface AwsOptions {
  /** Default `us-east-1`. */
  readonly region?: string;
  /** `thread: true` gives Kinesis a core of its own; default false. */
  readonly kinesis?: Omit<KinesisOptions, 'region'> & { readonly thread?: boolean };
  readonly sqs?: Omit<SqsOptions, 'region'>;
  readonly dynamoDb?: DynamoDbOptions;
}

/** The services of one machine, up and reachable. */
export interface EmbeddedAws {
  readonly kinesis: Endpoint;
  /** SQS and S3 share a port. */
  readonly sqs: Endpoint;
  readonly dynamoDb: DynamoDb;
  /** The SDK's own variables: with them, default clients reach the services above. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts Kinesis, SQS with S3, and DynamoDB on free ports of the loopback interface. */
export async function startAws(options: AwsOptions = {}): Promise<EmbeddedAws> {
  const { region = 'us-east-1' } = options;
  const { thread = false, ...kinesisOptions } = options.kinesis ?? {};
  const start = thread ? startKinesisThread : startKinesis;
  const [kinesis, sqs, dynamoDb] = await Promise.all([
    start({ ...kinesisOptions, region }),
    startSqs({ ...options.sqs, region }),
    startDynamoDb(options.dynamoDb),
  ]);
  return {
    kinesis,
    sqs,
    dynamoDb,
    env: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
      AWS_ENDPOINT_URL_SQS: sqs.endpoint,
      AWS_ENDPOINT_URL_S3: sqs.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
    },
    close: async () => {
      await Promise.all([kinesis.close(), sqs.close(), dynamoDb.close()]);
    },
  };
}
