import { type Finding, fault, ok, warning } from './finding.ts';

/** An event source mapping as Lambda's API and CloudFormation spell it; what is left out has AWS's default. */
export interface EventSourceMapping {
  readonly EventSourceArn?: string | undefined;
  readonly State?: string | undefined;
  readonly StartingPosition?: string | undefined;
  readonly LastProcessingResult?: string | undefined;
  readonly BatchSize?: number | undefined;
  readonly MaximumBatchingWindowInSeconds?: number | undefined;
  readonly ParallelizationFactor?: number | undefined;
  readonly FunctionResponseTypes?: readonly string[] | undefined;
  readonly BisectBatchOnFunctionError?: boolean | undefined;
  readonly MaximumRetryAttempts?: number | undefined;
  readonly MaximumRecordAgeInSeconds?: number | undefined;
  readonly TumblingWindowInSeconds?: number | undefined;
  readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination?: unknown } | undefined } | undefined;
  readonly FilterCriteria?: { readonly Filters?: readonly unknown[] | undefined } | undefined;
}

/** Whether a mapping brings records as the loader relies on it, and what to do where it does not. */
export function checkMapping(mapping: EventSourceMapping): readonly Finding[] {
  const { EventSourceArn: source = 'event source mapping' } = mapping;
  const isStream = /:kinesis:/.test(source);
  const rules = [...EVERYWHERE, ...(isStream ? OF_STREAMS : [])];
  const found = rules.flatMap(({ verdict, broken, advice }) => {
    const what = broken(mapping);
    return what === undefined ? [] : [(verdict === 'fault' ? fault : warning)('mapping', source, what, advice)];
  });
  return found.length > 0 ? found : [ok('mapping', source, describe(mapping))];
}

function describe({ BatchSize: size, MaximumBatchingWindowInSeconds: window = 0 }: EventSourceMapping): string {
  return `enabled; batches of ${size === undefined ? 'the default size' : `up to ${size}`} within ${window} s`;
}

interface Rule {
  readonly verdict: 'fault' | 'warning';
  /** What is wrong, if it is. */
  readonly broken: (mapping: EventSourceMapping) => string | undefined;
  readonly advice: string;
}

const EVERYWHERE: readonly Rule[] = [
  {
    verdict: 'fault',
    broken: ({ State = 'Enabled' }) => (/^Disabl/.test(State) ? `is ${State.toLowerCase()}: it delivers nothing` : undefined),
    advice: 'enable it: aws lambda update-event-source-mapping --enabled --uuid <its UUID>',
  },
  {
    verdict: 'warning',
    broken: ({ LastProcessingResult: last }) => (last !== undefined && /problem/i.test(last) ? `says: ${last}` : undefined),
    advice: 'the log of the function says why',
  },
  {
    verdict: 'fault',
    broken: ({ FunctionResponseTypes: types = [] }) =>
      types.includes('ReportBatchItemFailures')
        ? undefined
        : 'does not report batch item failures: what the loader did not settle counts as done',
    advice: 'set FunctionResponseTypes to ReportBatchItemFailures before anything else: records are lost without it',
  },
  {
    verdict: 'warning',
    broken: ({ FilterCriteria }) =>
      (FilterCriteria?.Filters ?? []).length > 0 ? 'filters records: those never reach a table, nor a dead-letter queue' : undefined,
    advice: 'remove the filter, unless this is meant; reconcile counts filtered records as lost',
  },
  {
    verdict: 'warning',
    broken: ({ MaximumBatchingWindowInSeconds: window = 0, EventSourceArn = '' }) =>
      window === 0 && !EventSourceArn.endsWith('.fifo')
        ? 'has no batching window: each batch is whatever is there, so loads are many and small'
        : undefined,
    advice: 'set MaximumBatchingWindowInSeconds, 5 for example: each load is a transaction and a version of its tablets',
  },
];

const OF_STREAMS: readonly Rule[] = [
  {
    verdict: 'fault',
    broken: ({ ParallelizationFactor: lanes = 1 }) =>
      lanes > 1 ? `brings a shard in ${lanes} lanes: a watermark proves nothing then, and the loader refuses` : undefined,
    advice: 'set ParallelizationFactor to 1; for more speed make loads larger or split shards',
  },
  {
    verdict: 'fault',
    broken: ({ MaximumRetryAttempts: tries = -1 }) =>
      tries >= 0 ? `gives a batch up after ${tries} retries: an outage of Doris costs records` : undefined,
    advice: 'set MaximumRetryAttempts to -1: until the stream drops the record',
  },
  {
    verdict: 'fault',
    broken: ({ MaximumRecordAgeInSeconds: age = -1 }) =>
      age >= 0 ? `gives records up that are older than ${age} s: an outage of Doris costs records` : undefined,
    advice: 'set MaximumRecordAgeInSeconds to -1: until the stream drops the record',
  },
  {
    verdict: 'fault',
    broken: ({ TumblingWindowInSeconds: window = 0 }) =>
      window > 0 ? `has a tumbling window of ${window} s, whose answers the loader does not give` : undefined,
    advice: 'set TumblingWindowInSeconds to 0',
  },
  {
    // What Lambda's guide says of polling streams: it may miss records whenever such a mapping is created or updated.
    verdict: 'warning',
    broken: ({ StartingPosition: start }) =>
      start === 'LATEST'
        ? 'began at LATEST: Lambda may skip records whenever it is created or changed, the batching window too'
        : undefined,
    advice: 'make it anew with TRIM_HORIZON: what the ledger has as settled is not loaded again; reconcile tells what was skipped',
  },
  {
    verdict: 'warning',
    broken: ({ BisectBatchOnFunctionError: halves = false }) =>
      halves ? 'halves batches after an error: loads become small when Doris is in trouble already' : undefined,
    advice: 'set BisectBatchOnFunctionError to false: the loader finds bad rows by itself',
  },
  {
    verdict: 'warning',
    broken: ({ DestinationConfig }) =>
      DestinationConfig?.OnFailure?.Destination === undefined
        ? 'has no on-failure destination: what the stream drops before it could be loaded leaves no trace'
        : undefined,
    advice: 'name a bucket or a queue as OnFailure destination; dead-letters redrive --from reads it',
  },
  {
    verdict: 'warning',
    broken: ({ EventSourceArn = '' }) =>
      /\/consumer\//.test(EventSourceArn)
        ? 'reads by enhanced fan-out: Lambda takes KPL aggregates apart by itself then, and drops some'
        : undefined,
    advice: 'attach the stream itself (shared throughput) when its producers use the KPL',
  },
];
