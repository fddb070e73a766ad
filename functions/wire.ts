import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { sharedBreaker } from '../lib/breaker.ts';
import { systemClock } from '../lib/clock.ts';
import { type Config, readConfig } from '../lib/config.ts';
import { credentialsFrom } from '../lib/credentials.ts';
import { s3PayloadStore } from '../lib/dead-letter/s3.ts';
import { sqsDeadLetters } from '../lib/dead-letter/sqs.ts';
import { connectDoris } from '../lib/doris/client.ts';
import { dynamoOutages } from '../lib/ledger/dynamodb-outages.ts';
import { type FlushingTelemetry, powertoolsTelemetry } from '../lib/powertools-telemetry.ts';
import type { Ports } from '../lib/settle/run.ts';
import { weakerPromise } from '../lib/weaker-promise.ts';

/** A silent service is asked again while there is time. Without `throwOnRequestTimeout` the SDK merely warns and waits on. */
const AWS_CALLS = { maxAttempts: 4, requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true } };

/** Everything of a loader that does not depend on its source. */
export interface Wiring {
  readonly config: Config;
  readonly ports: Omit<Ports, 'ledger'>;
  readonly telemetry: FlushingTelemetry;
  readonly dynamoDb: DynamoDBClient;
  readonly sqs: SQSClient;
}

/** Reads the environment and makes the clients. @throws {ConfigError} naming every faulty setting. */
export function wire(): Wiring {
  const config = readConfig(process.env);
  const telemetry = powertoolsTelemetry(config.metricsNamespace, systemClock);
  const weaker = weakerPromise(config.doris);
  if (weaker !== undefined) telemetry.warn('weaker-promise', weaker);
  const { credentials, ...doris } = config.doris;
  const dynamoDb = new DynamoDBClient(AWS_CALLS);
  const sqs = new SQSClient(AWS_CALLS);
  const ports = {
    doris: connectDoris(
      { ...doris, credentials: credentialsFrom(credentials, () => new SecretsManagerClient(AWS_CALLS), systemClock) },
      systemClock,
    ),
    deadLetters: sqsDeadLetters(queueOf(config, sqs), systemClock),
    breaker: sharedBreaker(dynamoOutages(dynamoDb, config.ledgerTable), systemClock),
    clock: systemClock,
    telemetry,
  };
  return { config, ports, telemetry, dynamoDb, sqs };
}

function queueOf({ deadLetters: { queueUrl, maxBytes, bucket } }: Config, client: SQSClient) {
  const queue = { client, queueUrl, maxBytes };
  return bucket === undefined ? queue : { ...queue, store: s3PayloadStore(new S3Client(AWS_CALLS), bucket) };
}
