import type { SQSClient } from '@aws-sdk/client-sqs';
import type { FunctionHost } from '../function-process/host.ts';
import type { InvokeResult } from '../function-process/invoke-result.ts';
import { outside } from './settings.ts';

/** Bad luck for tests: what SQS may do, since it promises each message at least once. */
interface SqsRedeliveryOptions {
  /** The same seed brings the same luck to the same poller. */
  readonly seed: number;
  /** How likely a batch has bad luck, 0 to 1. */
  readonly probability: number;
  /** Which kinds may strike; default: all. */
  readonly kinds?: readonly SqsBadLuck[];
}

/**
 * - `repeat`: settled messages are not deleted and come again at once, with whatever else is there by then.
 * - `overlap`: the batch is delivered twice at the same time.
 */
export type SqsBadLuck = 'repeat' | 'overlap';

/** What a mapping of a queue does, as it does it. */
export type SqsMappingEvent =
  /** A batch goes to the function; `redelivered` of its messages have been received before. */
  | { readonly kind: 'batch'; readonly messages: readonly string[]; readonly redelivered: number }
  | { readonly kind: 'outcome'; readonly messages: readonly string[]; readonly failed: ReadonlySet<string>; readonly result: InvokeResult }
  | { readonly kind: 'bad-luck'; readonly messages: readonly string[]; readonly luck: SqsBadLuck }
  | { readonly kind: 'not-invoked' | 'queue-failed'; readonly reason: string };

/** An SQS queue that feeds a function, with Lambda's parameters under Lambda's names and defaults. */
export interface SqsMappingOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly function: FunctionHost;
  /** 1 to 10,000 messages, of a FIFO queue at most 10; default 10. */
  readonly batchSize?: number;
  /** 0 to 300; default 0. Above 10 messages at least 1; none for a FIFO queue. */
  readonly batchingWindowSeconds?: number;
  /** Batches at once, 1 to 1,000; default 5, with which Lambda begins. Each has a poller of its own. */
  readonly maximumConcurrency?: number;
  /** Default true; without it any returned answer settles the batch. */
  readonly reportBatchItemFailures?: boolean;
  /** Bad luck on purpose; default none. */
  readonly redeliver?: SqsRedeliveryOptions;
  readonly observe?: (event: SqsMappingEvent) => void;
  /** Pause between reads of an empty queue; default 20. */
  readonly pollIntervalMillis?: number;
}

/** The options with every default in its place. */
export type SqsMappingSettings = Required<Omit<SqsMappingOptions, 'redeliver'>> & Pick<SqsMappingOptions, 'redeliver'>;

const DEFAULTS = {
  batchSize: 10,
  batchingWindowSeconds: 0,
  maximumConcurrency: 5,
  reportBatchItemFailures: true,
  observe: () => undefined,
  pollIntervalMillis: 20,
} as const;

/**
 * Fills in the defaults and checks the rules of CreateEventSourceMapping for queues.
 *
 * @throws {RangeError} naming every fault
 */
export function readSqsSettings(options: SqsMappingOptions): SqsMappingSettings {
  const settings: SqsMappingSettings = { ...DEFAULTS, ...options };
  const { batchSize, batchingWindowSeconds, maximumConcurrency, queueUrl } = settings;
  const isFifo = queueUrl.endsWith('.fifo');
  const least = batchSize > 10 && !isFifo ? 1 : 0;
  const faults = [
    outside('batchSize', batchSize, { from: 1, to: isFifo ? 10 : 10_000 }),
    outside('batchingWindowSeconds', batchingWindowSeconds, { from: least, to: isFifo ? 0 : 300 }),
    outside('maximumConcurrency', maximumConcurrency, { from: 1, to: 1_000 }),
  ].filter((fault) => fault !== undefined);
  if (faults.length > 0) throw new RangeError(faults.join('\n'));
  return settings;
}
