import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, KinesisStreamBatchResponse } from 'aws-lambda';
import { sharedBreaker } from '../lib/breaker.ts';
import { systemClock } from '../lib/clock.ts';
import { type Config, readConfig } from '../lib/config.ts';
import { credentialsFrom } from '../lib/credentials.ts';
import { s3PayloadStore } from '../lib/dead-letter/s3.ts';
import { sqsDeadLetters } from '../lib/dead-letter/sqs.ts';
import { type InvocationDeadlines, invocationDeadlines } from '../lib/deadline.ts';
import { connectDoris } from '../lib/doris/client.ts';
import { deadLettersInTime, ledgerInTime } from '../lib/in-time.ts';
import { dynamoLedger } from '../lib/ledger/dynamodb.ts';
import { dynamoOutages } from '../lib/ledger/dynamodb-outages.ts';
import { loadBatch } from '../lib/pipeline.ts';
import { type FlushingTelemetry, powertoolsTelemetry } from '../lib/powertools-telemetry.ts';
import type { Ports } from '../lib/settle/run.ts';
import { decodeKinesisEvent } from '../lib/source/kinesis.ts';
import { millis } from '../lib/units.ts';
import { weakerPromise } from '../lib/weaker-promise.ts';

/** A silent service is asked again while there is time. Without `throwOnRequestTimeout` the SDK merely warns and waits on. */
const AWS_CALLS = { maxAttempts: 4, requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true } };

interface Loader {
  readonly config: Config;
  readonly ports: Ports;
  readonly telemetry: FlushingTelemetry;
}

function wire(): Loader {
  const config = readConfig(process.env);
  const telemetry = powertoolsTelemetry(config.metricsNamespace, systemClock);
  const weaker = weakerPromise(config.doris);
  if (weaker !== undefined) telemetry.warn('weaker-promise', weaker);
  const { credentials, ...doris } = config.doris;
  const dynamoDb = new DynamoDBClient(AWS_CALLS);
  const ports: Ports = {
    doris: connectDoris(
      { ...doris, credentials: credentialsFrom(credentials, () => new SecretsManagerClient(AWS_CALLS), systemClock) },
      systemClock,
    ),
    ledger: dynamoLedger(dynamoDb, config.ledgerTable, systemClock),
    deadLetters: sqsDeadLetters(queueOf(config), systemClock),
    breaker: sharedBreaker(dynamoOutages(dynamoDb, config.ledgerTable), systemClock),
    clock: systemClock,
    telemetry,
  };
  return { config, ports, telemetry };
}

function queueOf({ deadLetters: { queueUrl, maxBytes, bucket } }: Config) {
  const queue = { client: new SQSClient(AWS_CALLS), queueUrl, maxBytes };
  return bucket === undefined ? queue : { ...queue, store: s3PayloadStore(new S3Client(AWS_CALLS), bucket) };
}

function portsInTime(ports: Ports, { ledger, letters }: InvocationDeadlines): Ports {
  const { breaker, clock } = ports;
  return {
    ...ports,
    breaker: breaker.within(ledger),
    ledger: ledgerInTime(ports.ledger, ledger, clock),
    deadLetters: deadLettersInTime(ports.deadLetters, letters, clock),
  };
}

/** Wired once per cold start. A configuration error is told by every invocation until it is mended. */
let loader: Loader | undefined;

/**
 * Lambda handler for a Kinesis event source with `ReportBatchItemFailures`.
 * @returns for each shard of the event that is not settled, the sequence number from which Lambda has to bring it again.
 * @throws {ConfigError} naming every faulty setting. @throws {ContractViolation} when a rule that exactly-once rests on is broken.
 */
export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<KinesisStreamBatchResponse> {
  loader ??= wire();
  const { config, telemetry } = loader;
  const deadlines = invocationDeadlines(millis(context.getRemainingTimeInMillis()), systemClock);
  const ports = portsInTime(loader.ports, deadlines);
  try {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const batch of decodeKinesisEvent(event, config.decode)) {
      const settlement = await loadBatch(batch, ports, config.load, deadlines.loads);
      if (settlement.kind === 'unsettled') batchItemFailures.push({ itemIdentifier: settlement.from });
    }
    return { batchItemFailures };
  } finally {
    telemetry.flush();
  }
}
