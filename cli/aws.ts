import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { failed } from './errors.ts';

/** A person waits: a silent service is given up sooner than a loader would. */
export const CALLS = { maxAttempts: 3, requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true } };

/** The ledger's service, where the SDK's own variables say that it is. */
export function openDynamoDb(): DynamoDBClient {
  return new DynamoDBClient(CALLS);
}

/** The streams' service, over HTTP/1.1 like the others: its client would speak HTTP/2, which endpoints of one's own rarely do. */
export function openKinesis(): KinesisClient {
  const { requestHandler } = openDynamoDb().config;
  return new KinesisClient({ maxAttempts: CALLS.maxAttempts, requestHandler });
}

/** The queues' service. */
export function openSqs(): SQSClient {
  return new SQSClient(CALLS);
}

/** The buckets' service. Endpoints of one's own know no bucket by its host name. */
export function openS3(): S3Client {
  const isOwn = process.env['AWS_ENDPOINT_URL_S3'] !== undefined || process.env['AWS_ENDPOINT_URL'] !== undefined;
  return new S3Client({ ...CALLS, forcePathStyle: isOwn });
}

/** The functions' service, waited for as long as a function may take. It is asked once: an answer that is lost may have been given. */
export function openLambda(): LambdaClient {
  return new LambdaClient({ maxAttempts: 1, requestHandler: { ...CALLS.requestHandler, requestTimeout: 900_000 } });
}

/** The secrets' service. */
export function openSecrets(): SecretsManagerClient {
  return new SecretsManagerClient(CALLS);
}

/** What AWS answers, or an error that names who was asked for what. @throws {CommandError} */
export async function asked<T>(what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!isAwsError(error)) throw error;
    throw failed(`${what}: ${error.name}: ${error.message || 'no answer'}`, { cause: error });
  }
}

/** What the SDK throws carries how often it tried, be it an answer of AWS or none. */
function isAwsError(error: unknown): error is Error {
  return (
    error instanceof Error && ('$metadata' in error || error.name === 'CredentialsProviderError' || error.message === 'Region is missing')
  );
}
