import * as z from 'zod';
import { flag, keyArn, off, ofKind, oneOf, text, whole } from './values.ts';
import { variableShape } from './variables.ts';

const kinesisReading = {
  startingPosition: oneOf('TRIM_HORIZON', 'LATEST')
    .default('TRIM_HORIZON')
    .describe(
      'Where a loader that never ran begins: with the oldest record that the stream still has, or with those that arrive once it polls; with LATEST Lambda may skip records at each change of the mapping. Default: TRIM_HORIZON.',
    ),
  enhancedFanOut: off('Reads through a consumer of its own (enhanced fan-out); costs extra. Needs kplProducers: false.'),
  kplProducers: flag()
    .optional()
    .describe('Whether any producer aggregates records with the KPL. Has to be stated as false for enhanced fan-out.'),
  halveOnError: off(
    'Lets Lambda halve a batch when the function itself fails. Bad rows are found without it; in an outage it multiplies invocations.',
  ),
  outageBudgetHours: whole(1, 8759)
    .default(12)
    .describe('Longest outage of Doris that must lose nothing, hours, 1 to 8759. Has to be shorter than the retention. Default: 12.'),
};

const retentionHours = (fallback: number) =>
  whole(24, 8760).default(fallback).describe(`How long the stream keeps records, hours, 24 to 8760. Default: ${fallback}.`);

const existingStream = z
  .strictObject({
    kind: z.literal('kinesis'),
    streamArn: text(
      /^arn:[-a-z]+:kinesis:[-a-z0-9]+:\d{12}:stream\/[-_.A-Za-z0-9]{1,128}$/,
      'must be the ARN of a Kinesis stream',
    ).describe('ARN of the stream that is read. It stays as it is; only the reader is added.'),
    encryptionKeyArn: keyArn().optional().describe('KMS key of the stream, when it is a key of your own.'),
    retentionHours: retentionHours(24),
    maxRecordKiB: whole(1024, 10_240)
      .default(1024)
      .describe('Largest record that the stream takes, KiB, 1024 to 10240; above 4096 Lambda cannot carry it. Default: 1024.'),
    ...kinesisReading,
  })
  .describe('An existing Kinesis stream.');

const newStream = z
  .strictObject({
    kind: z.literal('new-kinesis-stream'),
    shards: whole(1, 10_000).optional().describe('Provisioned shards, 1 to 10000. Without it the stream is on-demand.'),
    retentionHours: retentionHours(168),
    ...kinesisReading,
  })
  .describe('A Kinesis stream that is created with the loader, encrypted with the key of AWS.');

/** Most invocations that a queue may start at once. */
export const MOST_INVOCATIONS = 1000;

const iggyQueue = z
  .strictObject({
    ...variableShape('iggy'),
    kind: z.literal('iggy'),
    queue: oneOf('standard', 'fifo')
      .default('standard')
      .describe('Standard carries more; FIFO keeps the order of messages with one x-message-group header. Default: standard.'),
    auth: oneOf('api-key', 'iam')
      .default('api-key')
      .describe(
        'Who may post to the endpoint: holders of an API key, as http_sink can, or principals of this account who sign. Default: api-key.',
      ),
    requestsPerSecond: whole(1, 10_000)
      .optional()
      .describe(
        'Requests a second that the endpoint takes, 1 to 10000; more are answered with 429. Default: 500, and 300 for a FIFO queue, as many as SQS takes of one message group.',
      ),
    maximumConcurrency: whole(2, MOST_INVOCATIONS)
      .default(10)
      .describe('Invocations at once, 2 to 1000. Infra parameter <Loader>MaximumConcurrency. Default: 10.'),
    outageBudgetHours: whole(1, 335)
      .default(168)
      .describe('Longest outage of Doris that must lose nothing, hours, 1 to 335; the queue keeps messages for 336. Default: 168.'),
  })
  .describe('An SQS queue behind an HTTPS endpoint to which the http_sink of Apache Iggy posts; both are created.');

/** Where a loader gets its records from. */
export const sourceSchema = ofKind(existingStream, newStream, iggyQueue).describe('Where the records come from.');

/** A Kinesis stream as the settings describe it. */
export type KinesisSource = z.output<typeof existingStream> | z.output<typeof newStream>;
/** A queue for Iggy as the settings describe it. */
export type IggySource = z.output<typeof iggyQueue>;

/** SQS keeps messages for 14 days at most. */
export const QUEUE_RETENTION_HOURS = 336;

/** For how long a source keeps records that are not loaded. */
export function retentionHoursOf(source: KinesisSource | IggySource): number {
  return source.kind === 'iggy' ? QUEUE_RETENTION_HOURS : source.retentionHours;
}
