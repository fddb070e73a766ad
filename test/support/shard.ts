import { kinesisPosition } from '../../lib/source/position.ts';
import type { Batch, DecodedRecord, SourceShard } from '../../lib/source/record.ts';
import { sliceOf } from '../../lib/source/slice.ts';
import { epochMillis } from '../../lib/units.ts';

export const SHARD: SourceShard = {
  kind: 'kinesis',
  stream: 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders',
  streamName: 'orders',
  shard: 'shardId-000000000000',
};

/** What a record of a made-up shard is: loadable, undecodable, or refused by the table. */
export type Nature = 'good' | 'broken' | 'refused';

/** The n-th record of a shard. Good and refused rows are `{"n":<n>,"nature":...}`. */
export function shardRecord(n: number, nature: Nature = 'good'): DecodedRecord {
  const sequenceNumber = String(1000 + n);
  const text = JSON.stringify({ n, nature });
  const payload = sliceOf(Buffer.from(nature === 'broken' ? text.slice(1) : text));
  const record = {
    position: kinesisPosition(sequenceNumber),
    itemIdentifier: sequenceNumber,
    partitionKey: 'k',
    arrivedAt: epochMillis(1_700_000_000_000 + n),
    payload,
  };
  if (nature === 'broken') return { kind: 'poison', record, fault: { errorClass: 'decode', reason: 'payload is not JSON' } };
  return { kind: 'row', record, line: payload, fields: { n, nature } };
}

/** A shard of records by nature, in order. */
export function shardOf(natures: readonly Nature[]): DecodedRecord[] {
  return natures.map((nature, n) => shardRecord(n, nature));
}

export function batchOf(records: readonly DecodedRecord[], source: SourceShard = SHARD): Batch {
  return { source, records, duplicates: 0 };
}

/** The numbers of stored rows, in the order of storing. */
export function numbersIn(lines: readonly string[] = []): number[] {
  return lines.map((line) => (JSON.parse(line) as { n: number }).n);
}
