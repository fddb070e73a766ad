import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { diagnose, type Services } from '../lib/doctor/diagnose.ts';
import type { Finding } from '../lib/doctor/finding.ts';
import { readSubjects } from '../lib/doctor/request.ts';

/** Somebody waits for the answer: a silent service is given up sooner than a loader would. */
const AWS_CALLS = { maxAttempts: 2, requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true } };

const SERVICES: Services = {
  dynamoDb: () => new DynamoDBClient(AWS_CALLS),
  sqs: () => new SQSClient(AWS_CALLS),
  s3: () => new S3Client({ ...AWS_CALLS, forcePathStyle: process.env['AWS_ENDPOINT_URL_S3'] !== undefined }),
  // By itself its client speaks HTTP/2, with time limits of its own.
  kinesis: () =>
    new KinesisClient({ maxAttempts: AWS_CALLS.maxAttempts, requestHandler: new DynamoDBClient(AWS_CALLS).config.requestHandler }),
  secrets: () => new SecretsManagerClient(AWS_CALLS),
};

/**
 * Lambda handler of `doctor --inside`: the checks of the command line, from where the loader runs, with its environment and network.
 * @param event - `samples`, `streams`, `functionTimeout`, all optional.
 * @throws {ConfigError} for an event that asks for something else. Faults of the settings are findings.
 */
export async function handler(event: unknown): Promise<{ readonly findings: readonly Finding[] }> {
  const subjects = readSubjects(event);
  return { findings: await diagnose(process.env, SERVICES, subjects, () => undefined) };
}
