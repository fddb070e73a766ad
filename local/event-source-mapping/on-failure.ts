import type { GivenUp } from './delivery.ts';
import type { ShardRecord } from './kinesis-event.ts';

/** Where a given-up segment came from and who failed it. */
export interface FailureOrigin {
  readonly requestId: string;
  readonly functionArn: string;
  readonly streamArn: string;
  readonly shardId: string;
  readonly failedAt: Date;
}

/**
 * The record that Lambda sends to the on-failure destination (Lambda guide, kinesis-on-failure-destination): positions only, and the
 * data must be read from the stream again.
 */
export function onFailureRecord(givenUp: GivenUp, records: readonly ShardRecord[], origin: FailureOrigin): object {
  const [first, last] = [records.at(0), records.at(-1)];
  return {
    requestContext: {
      requestId: origin.requestId,
      functionArn: origin.functionArn,
      condition: givenUp.condition,
      approximateInvokeCount: givenUp.segment.failures,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: givenUp.functionError },
    version: '1.0',
    timestamp: origin.failedAt.toISOString(),
    KinesisBatchInfo: {
      shardId: origin.shardId,
      startSequenceNumber: first?.sequenceNumber,
      endSequenceNumber: last?.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(first?.arrivedAt ?? 0).toISOString(),
      approximateArrivalOfLastRecord: new Date(last?.arrivedAt ?? 0).toISOString(),
      batchSize: records.length,
      streamArn: origin.streamArn,
    },
  };
}
