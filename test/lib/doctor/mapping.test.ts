import { describe, expect, it } from 'vitest';
import { checkMapping, type EventSourceMapping } from '../../../lib/doctor/mapping.ts';

const STREAM = 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders';

/** As the stack deploys it. */
const GOOD: EventSourceMapping = {
  EventSourceArn: STREAM,
  State: 'Enabled',
  StartingPosition: 'TRIM_HORIZON',
  LastProcessingResult: 'OK',
  BatchSize: 10_000,
  MaximumBatchingWindowInSeconds: 5,
  ParallelizationFactor: 1,
  FunctionResponseTypes: ['ReportBatchItemFailures'],
  BisectBatchOnFunctionError: false,
  MaximumRetryAttempts: -1,
  MaximumRecordAgeInSeconds: -1,
  TumblingWindowInSeconds: 0,
  DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::expired' } },
};

describe('an event source mapping', () => {
  it('is in order as the stack deploys it', () => {
    expect(checkMapping(GOOD)).toEqual([
      { check: 'mapping', verdict: 'ok', subject: STREAM, what: 'enabled; batches of up to 10000 within 5 s' },
    ]);
  });

  it.each([
    ['fault', { State: 'Disabled' }, 'is disabled'],
    ['fault', { FunctionResponseTypes: [] }, 'does not report batch item failures'],
    ['fault', { ParallelizationFactor: 4 }, 'in 4 lanes'],
    ['fault', { MaximumRetryAttempts: 3 }, 'after 3 retries'],
    ['fault', { MaximumRecordAgeInSeconds: 3600 }, 'older than 3600 s'],
    ['fault', { TumblingWindowInSeconds: 30 }, 'tumbling window of 30 s'],
    ['warning', { StartingPosition: 'LATEST' }, 'may skip records whenever it is created or changed'],
    ['warning', { BisectBatchOnFunctionError: true }, 'halves batches'],
    ['warning', { DestinationConfig: {} }, 'no on-failure destination'],
    ['warning', { MaximumBatchingWindowInSeconds: 0 }, 'no batching window'],
    ['warning', { FilterCriteria: { Filters: [{ Pattern: '{}' }] } }, 'filters records'],
    ['warning', { LastProcessingResult: 'PROBLEM: Function call failed' }, 'says: PROBLEM: Function call failed'],
    ['warning', { EventSourceArn: `${STREAM}/consumer/c:1` }, 'enhanced fan-out'],
  ] as const)('is a %s where it has %j', (verdict, changes, what) => {
    expect(checkMapping({ ...GOOD, ...changes })).toEqual([
      expect.objectContaining({ verdict, what: expect.stringContaining(what), advice: expect.any(String) }),
    ]);
  });

  it('of a queue need not keep to the rules of streams, but reports failures', () => {
    const queue = { EventSourceArn: 'arn:aws:sqs:eu-central-1:123456789012:iggy', State: 'Enabled', MaximumBatchingWindowInSeconds: 5 };

    expect(checkMapping({ ...queue, FunctionResponseTypes: ['ReportBatchItemFailures'] })).toMatchObject([{ verdict: 'ok' }]);
    expect(checkMapping(queue)).toMatchObject([{ verdict: 'fault', what: expect.stringContaining('batch item failures') }]);
  });

  it('of a FIFO queue has no batching window', () => {
    const queue = { EventSourceArn: 'arn:aws:sqs:eu-central-1:123456789012:iggy.fifo', FunctionResponseTypes: ['ReportBatchItemFailures'] };

    expect(checkMapping(queue)).toMatchObject([{ verdict: 'ok' }]);
  });
});
