import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { credentialsFrom } from '../credentials.ts';
import { s3PayloadStore } from '../dead-letter/s3.ts';
import { sqsDeadLetters } from '../dead-letter/sqs.ts';
import type { Deadline } from '../deadline.ts';
import { connectDoris, type DorisClient } from '../doris/client.ts';
import { dynamoLedger } from '../ledger/dynamodb.ts';
import type { LoadMode } from '../ports.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Millis } from '../units.ts';
import { type BucketPlace, bucketQueue } from './bucket-queue.ts';
import { dynamoRedrives } from './dynamodb-redrives.ts';
import type { Edit } from './edit.ts';
import type { Redrive } from './letters.ts';
import { letterQueue } from './queue.ts';
import type { RunReport } from './report.ts';
import type { Run, RunOptions } from './run.ts';
import { tryRecords } from './try-records.ts';

/** How the SDK calls AWS. */
export interface AwsCalls {
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number; readonly throwOnRequestTimeout: boolean };
}

/** What a run is asked for besides its options. */
export interface Wanted {
  /** Where letters are taken from. Default: the dead-letter queue of the loader. */
  readonly from?: { readonly kind: 'queue'; readonly url: string } | ({ readonly kind: 'bucket' } & BucketPlace);
  readonly options: RunOptions;
  readonly reloadUnverifiable: boolean;
  readonly edit?: Edit;
  readonly deadline: Deadline;
  /** For so long letters in hand are hidden from others. */
  readonly hold: Millis;
  readonly telemetry: Telemetry;
  readonly onProgress?: (report: RunReport) => void;
  readonly isStopped?: () => boolean;
}

/** A run over real queues, streams, ledgers and a real Doris; connects to nobody until it is used. */
export function wireRun(config: Config, calls: AwsCalls, wanted: Wanted): Run & { close(): Promise<void> } {
  const { deadline, telemetry, options, edit, onProgress, isStopped } = wanted;
  const dynamoDb = new DynamoDBClient(calls);
  const s3 = new S3Client({ ...calls, forcePathStyle: process.env['AWS_ENDPOINT_URL_S3'] !== undefined });
  const sqs = new SQSClient(calls);
  // By itself its client speaks HTTP/2, with time limits of its own.
  const { requestHandler } = dynamoDb.config;
  const streams = { client: new KinesisClient({ maxAttempts: calls.maxAttempts, requestHandler }), clock: systemClock };
  const { queueUrl, maxBytes, bucket } = config.deadLetters;
  const { metadataColumns } = config.iggy;
  const from = wanted.from ?? { kind: 'queue', url: queueUrl };
  const doris = dorisFor(config, calls, 'labelled');
  const rehearsal = dorisFor(config, calls, 'two-phase');
  const redrive: Redrive = {
    ports: { doris, ledger: dynamoRedrives(dynamoDb, config.ledgerTable, systemClock), clock: systemClock, telemetry },
    rules: { ...config.load, reloadUnverifiable: wanted.reloadUnverifiable },
    deadline,
  };
  const store = bucket === undefined ? {} : { store: s3PayloadStore(s3, bucket) };
  return {
    redrive,
    queue: from.kind === 'queue' ? letterQueue(sqs, from.url, wanted.hold) : bucketQueue(s3, from),
    sources: {
      streams,
      checkpoints: dynamoLedger(dynamoDb, config.ledgerTable, systemClock),
      ...(bucket === undefined ? {} : { bucket: { client: s3, name: bucket } }),
    },
    prepare: {
      decode: config.decode,
      routing: config.load.routing,
      ...(metadataColumns === undefined ? {} : { metadataColumns }),
      ...(edit === undefined ? {} : { edit }),
    },
    options,
    tryRecords: (records) => tryRecords({ doris: rehearsal, clock: systemClock, deadline }, records),
    deadLetters: sqsDeadLetters({ client: sqs, queueUrl, maxBytes, ...store }, systemClock),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(isStopped === undefined ? {} : { isStopped }),
    close: async () => {
      for (const client of [dynamoDb, s3, sqs, streams.client]) client.destroy();
      await Promise.all([doris.close(), rehearsal.close()]);
    },
  };
}

/** The Doris of a loader's settings; connects to nobody until it is used. */
export function dorisFor({ doris: { credentials, ...doris } }: Config, calls: AwsCalls, mode: LoadMode): DorisClient {
  const secrets = () => new SecretsManagerClient(calls);
  return connectDoris({ ...doris, mode, credentials: credentialsFrom(credentials, secrets, systemClock) }, systemClock);
}
