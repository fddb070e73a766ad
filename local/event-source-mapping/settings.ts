import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { FunctionHost } from '../function-process/host.ts';
import type { MappingEvent } from './events.ts';
import type { RedeliveryOptions } from './redelivery.ts';

/** From where a mapping reads the shards that it finds at its start; shards that appear later are read from their beginning. */
export type StartingPosition =
  | { readonly kind: 'TRIM_HORIZON' }
  | { readonly kind: 'LATEST' }
  | { readonly kind: 'AT_TIMESTAMP'; readonly timestamp: Date };

/** A Kinesis stream that feeds a function, with Lambda's parameters under Lambda's names and defaults. */
export interface KinesisMappingOptions {
  readonly kinesis: KinesisClient;
  /** Name or ARN. */
  readonly stream: string;
  readonly function: FunctionHost;
  /** 1 to 10,000 records, default 100. */
  readonly batchSize?: number;
  /** 0 to 300, default 0. */
  readonly batchingWindowSeconds?: number;
  /** -1 to 10,000; default -1: until the records expire. */
  readonly maximumRetryAttempts?: number;
  /** -1 or 60 to 604,800; default -1: as long as the stream keeps them. */
  readonly maximumRecordAgeSeconds?: number;
  /** Default false. */
  readonly bisectOnFunctionError?: boolean;
  /** Default true; without it any returned answer settles the batch. */
  readonly reportBatchItemFailures?: boolean;
  /** More lanes a shard are not played: the loader refuses them. */
  readonly parallelizationFactor?: 1;
  /** Default TRIM_HORIZON. */
  readonly startingPosition?: StartingPosition;
  /** Where the positions of given-up records go. */
  readonly onFailure?: { readonly queueUrl: string; readonly sqs: SQSClient };
  /** Bad luck on purpose; default none. */
  readonly redeliver?: RedeliveryOptions;
  readonly observe?: (event: MappingEvent) => void;
  /** Pause between reads of a shard that has nothing new; Lambda's is a second. Default 50. */
  readonly pollIntervalMillis?: number;
  /** How often new shards are looked for; default 1,000. */
  readonly discoveryIntervalMillis?: number;
  /** Pause before the same records are delivered again, by the number of failures; default 20 doubled each time, at most 1,000. */
  readonly retryDelayMillis?: (failures: number) => number;
  /** Epoch milliseconds; default the machine's clock. */
  readonly now?: () => number;
}

/** The options with every default in its place. */
export type MappingSettings = Required<Omit<KinesisMappingOptions, 'onFailure' | 'redeliver'>> &
  Pick<KinesisMappingOptions, 'onFailure' | 'redeliver'>;

/**
 * Fills in the defaults and checks the ranges of CreateEventSourceMapping.
 *
 * @throws {RangeError} naming every fault
 */
export function readSettings(options: KinesisMappingOptions): MappingSettings {
  const settings: MappingSettings = { ...defaults, ...options };
  const faults = [
    outside('batchSize', settings.batchSize, { from: 1, to: 10_000 }),
    outside('batchingWindowSeconds', settings.batchingWindowSeconds, { from: 0, to: 300 }),
    outside('maximumRetryAttempts', settings.maximumRetryAttempts, { from: -1, to: 10_000 }),
    settings.maximumRecordAgeSeconds === -1
      ? undefined
      : outside('maximumRecordAgeSeconds', settings.maximumRecordAgeSeconds, { from: 60, to: 604_800 }),
  ].filter((fault) => fault !== undefined);
  if (faults.length > 0) throw new RangeError(faults.join('\n'));
  return settings;
}

const defaults = {
  batchSize: 100,
  batchingWindowSeconds: 0,
  maximumRetryAttempts: -1,
  maximumRecordAgeSeconds: -1,
  bisectOnFunctionError: false,
  reportBatchItemFailures: true,
  parallelizationFactor: 1,
  startingPosition: { kind: 'TRIM_HORIZON' },
  observe: () => undefined,
  pollIntervalMillis: 50,
  discoveryIntervalMillis: 1000,
  retryDelayMillis: (failures: number) => Math.min(1000, 20 * 2 ** Math.min(failures, 10)),
  now: Date.now,
} as const;

/** @returns what is wrong with a value, when it is no whole number of the range. */
export function outside(name: string, value: number, range: { readonly from: number; readonly to: number }): string | undefined {
  if (Number.isInteger(value) && value >= range.from && value <= range.to) return undefined;
  return `${name}: a whole number from ${range.from} to ${range.to} (given ${value})`;
}
