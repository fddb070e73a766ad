import * as z from 'zod';
import { sourceSchema } from './source-settings.ts';
import { keyArn, off, oneOf, positive, text, whole } from './values.ts';
import { variableShape } from './variables.ts';

const dorisSchema = z
  .strictObject({
    ...variableShape('doris'),
    secretKeyArn: keyArn().optional().describe('KMS key of that secret, when it is a key of your own.'),
    caCertFile: z
      .string()
      .min(1)
      .optional()
      .describe('File with the PEM text of a private certificate authority, relative to the settings file. Sets DORIS_CA_CERT.'),
  })
  .describe('Where the records go, and how Doris is reached.');

const limitsSchema = z.strictObject(variableShape('limits')).prefault({}).describe('Bounds of loads and records.');

/** Most records or messages that Lambda takes in one batch. */
export const LARGEST_BATCH = 10_000;
/** Longest time that a batch may fill, in seconds. */
export const LONGEST_WINDOW_SECONDS = 300;

const batchSchema = z
  .strictObject({
    size: whole(1, LARGEST_BATCH)
      .optional()
      .describe(
        'Records, or messages of a queue, in one batch at most, 1 to 10000; 10 for a FIFO queue. Infra parameter <Loader>BatchSize. Default: as many.',
      ),
    windowSeconds: whole(1, LONGEST_WINDOW_SECONDS)
      .optional()
      .describe(
        'How long a batch may fill, seconds, 1 to 300; longer: fewer, larger loads. Not for a FIFO queue. Infra parameter <Loader>BatchWindow. Default: 5.',
      ),
  })
  .prefault({})
  .describe('What one invocation brings.');

/** Retentions that CloudWatch Logs knows, in days. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** Log levels of the functions, the most talkative first. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;

const functionSchema = z
  .strictObject({
    memoryMb: whole(256, 10_240)
      .default(1024)
      .describe('Memory, MB, 256 to 10240; 1769 MB is one CPU. Infra parameter <Loader>Memory. Default: 1024.'),
    timeoutSeconds: whole(30, 900)
      .default(180)
      .describe('Time of one invocation, seconds, 30 to 900; longer than doris.loadTimeoutSeconds. Default: 180.'),
    reservedConcurrency: whole(1, 10_000)
      .optional()
      .describe('Concurrency kept for this loader and its upper bound, 1 to 10000; a stream needs one for each shard. Default: none.'),
    logLevel: oneOf(...LOG_LEVELS)
      .default('INFO')
      .describe('Least level that is logged. Infra parameter <Loader>LogLevel. Default: INFO.'),
    logRetentionDays: z
      .union(
        LOG_RETENTION_DAYS.map((days) => z.literal(days)),
        `must be one of ${LOG_RETENTION_DAYS.join(', ')}`,
      )
      .default(30)
      .describe('How long logs are kept, days. Default: 30.'),
    xray: off('Traces invocations with X-Ray.'),
  })
  .prefault({})
  .describe('The Lambda function.');

const trafficSchema = z
  .strictObject({
    recordsPerSecond: positive().describe('Records a second of the whole source, on a busy day.'),
    recordBytes: positive().describe('Bytes of a typical record.'),
    shards: whole(1, 10_000).default(1).describe('Shards or partitions that carry them. Default: 1, or the shards of a new stream.'),
    recordsPerMessage: whole(1, 100_000).default(1000).describe('Records in one request of http_sink, its batch_length. Default: 1000.'),
  })
  .optional()
  .describe('What is expected, for the plan that synth prints. Deploys nothing.');

const alarmsSchema = z
  .strictObject({
    behindMinutes: whole(1, 1440).default(15).describe('Records may arrive in Doris this much late, minutes, 1 to 1440. Default: 15.'),
    leastHoursLeft: whole(1, 8759)
      .default(6)
      .describe('Hours that must be left before the source forgets records that are not loaded, 1 to 8759. Default: 6.'),
    inDoubtMinutes: whole(1, 1440)
      .default(30)
      .describe('How long it may be unknown whether Doris stored a load, minutes, 1 to 1440. Default: 30.'),
    leastRowsPerLoad: whole(1, 1_000_000)
      .default(100)
      .describe('Rows of a load on average, below which loads are too many and too small, 1 to 1000000. Default: 100.'),
  })
  .prefault({})
  .describe('When a person is called.');

const redriveSchema = z
  .strictObject({
    everyHours: whole(1, 168)
      .optional()
      .describe(
        'Redrives dead letters, and batches that Lambda gave up, by itself so often, hours, 1 to 168; a letter that Doris refuses costs it a load each time. Default: only on demand.',
      ),
    lettersPerSecond: whole(1, 10_000)
      .optional()
      .describe('Letters a second of a scheduled redrive, at most, 1 to 10000. Default: no limit.'),
    timeoutSeconds: whole(60, 900)
      .default(900)
      .describe('Time of one redrive, seconds, 60 to 900; what is left then stays in the queue. Default: 900.'),
  })
  .prefault({})
  .describe('The function that loads dead letters again.');

/** One loader: a source, its tables, and a function between them. */
export const loaderSchema = z.strictObject({
  name: text(/^[a-z][a-z0-9-]{0,15}$/, 'must be 1-16 of [a-z0-9-], a letter first').describe(
    'Name of the loader, unique in the file: names of functions, parameters, alarms, and the label prefix unless that is given.',
  ),
  source: sourceSchema,
  doris: dorisSchema,
  limits: limitsSchema,
  batch: batchSchema,
  function: functionSchema,
  redrive: redriveSchema,
  traffic: trafficSchema,
  alarms: alarmsSchema,
});

/** A loader as the settings describe it. */
export type LoaderSettings = z.output<typeof loaderSchema>;
