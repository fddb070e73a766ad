import { GetRecordsCommand, type KinesisClient } from '@aws-sdk/client-kinesis';
import type { ReadRecord } from './kinesis-event.ts';

/** What one GetRecords brings. */
export interface Page {
  readonly records: readonly ReadRecord[];
  /** Undefined at the end of a closed shard. */
  readonly nextIterator: string | undefined;
  readonly isAtTip: boolean;
}

/**
 * Reads on from an iterator. The SDK signs, repeats and judges the call as ever, but the records are taken from the reply as they stand:
 * Kinesis and the event spell a payload alike, and turning it into bytes and back took longer than all the rest of a read.
 */
export async function readPage(kinesis: KinesisClient, streamArn: string, iterator: string): Promise<Page> {
  const command = new GetRecordsCommand({ StreamARN: streamArn, ShardIterator: iterator });
  let records: readonly ReadRecord[] = [];
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as WireResponse;
      if (response.statusCode === 200) records = await takeRecords(response);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'takeRecordsAsTheyStand' },
  );
  const { NextShardIterator: nextIterator, MillisBehindLatest: behind } = await kinesis.send(command);
  return { records, nextIterator, isAtTip: behind === 0 };
}

interface WireResponse {
  readonly statusCode: number;
  body: AsyncIterable<Uint8Array> | Uint8Array;
}

interface WireRecord {
  readonly SequenceNumber: string;
  readonly PartitionKey?: string;
  readonly Data: string;
  /** Epoch seconds. */
  readonly ApproximateArrivalTimestamp: number;
}

/** Leaves the rest of the reply to the SDK. */
async function takeRecords(response: WireResponse): Promise<readonly ReadRecord[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const { Records: records, ...rest } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly Records: readonly WireRecord[] };
  response.body = Buffer.from(JSON.stringify({ ...rest, Records: [] }));
  return records.map(({ SequenceNumber, PartitionKey, Data, ApproximateArrivalTimestamp: seconds }) => ({
    sequenceNumber: SequenceNumber,
    partitionKey: PartitionKey,
    data: Data,
    arrivedAt: Math.round(seconds * 1000),
  }));
}
