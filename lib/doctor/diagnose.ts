import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { type Config, type Environment, readConfig, readSettings } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { checkBucket, checkLedger, checkQueue, checkStream } from './aws.ts';
import { examineDoris } from './examine.ts';
import { type Finding, fault, ok } from './finding.ts';
import { checkTimeouts } from './fit.ts';
import type { SampleRow } from './sample.ts';

/** What is looked at besides the settings and what they name. */
export interface Subjects {
  /** Rows to compare with the tables that they are routed to. */
  readonly samples: readonly SampleRow[];
  /** Streams of the loader, by name or ARN. Default: the one of SOURCE_STREAM_ARN. */
  readonly streams?: readonly string[];
  /** Of the deployed loader, in seconds. Default: FUNCTION_TIMEOUT_SECONDS. */
  readonly functionTimeout?: number;
}

/** Services of AWS as seen from where the checks run; each is opened when it is needed. */
export interface Services {
  dynamoDb(): DynamoDBClient;
  sqs(): SQSClient;
  s3(): S3Client;
  kinesis(): KinesisClient;
  secrets(): SecretsManagerClient;
}

/**
 * Checks every hop of a load from here, in the order in which a load meets them.
 * @param env - all settings of the loader; a fault there is told alone, since nothing else can be checked.
 * @param onProgress - is told what is asked next.
 */
export async function diagnose(
  env: Environment,
  services: Services,
  { samples, streams, functionTimeout }: Subjects,
  onProgress: (text: string) => void,
): Promise<readonly Finding[]> {
  const config = configOf(env);
  if ('faults' in config) return config.faults.map(settingFault);
  const deployed = readSettings(env, ['SOURCE_STREAM_ARN', 'FUNCTION_TIMEOUT_SECONDS']);
  onProgress('asking Doris');
  const named = streams ?? [deployed.SOURCE_STREAM_ARN ?? []].flat();
  const doris = await examineDoris(config, { samples, streams: named }, services.secrets);
  onProgress('asking AWS');
  const aws = await Promise.all([
    checkLedger(services.dynamoDb(), config.ledgerTable),
    checkQueue(services.sqs(), config.deadLetters),
    checkBucket(services.s3(), config.deadLetters.bucket),
    ...named.map((name) => checkStream(services.kinesis(), name)),
  ]);
  return [
    ok('settings', 'settings', 'every one is allowed'),
    ...checkTimeouts(config, functionTimeout ?? deployed.FUNCTION_TIMEOUT_SECONDS),
    ...doris,
    ...aws.flat(),
  ];
}

function configOf(env: Environment): Config | ConfigError {
  try {
    return readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

function settingFault(text: string): Finding {
  const [, name = 'settings', what = text] = /^([A-Z_]+): (.*)$/s.exec(text) ?? [];
  return fault('settings', name, what, 'docs/settings.md says what is allowed; nothing else is checked before');
}
