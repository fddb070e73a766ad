import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
  type ShardIteratorType,
  type _Record as StreamRecord,
} from '@aws-sdk/client-kinesis';
import type { Clock } from '../clock.ts';
import { type EpochMillis, mebibytes, millis } from '../units.ts';
import { decodeKinesisEvent } from './kinesis.ts';
import { kinesisPosition, type Position, spellPosition } from './position.ts';
import type { KinesisShard } from './record.ts';
import { bytesOf } from './slice.ts';

/** Kinesis, for those who read a stream again. */
export interface RecordReader {
  readonly client: KinesisClient;
  readonly clock: Clock;
}

/** Where reading begins: at a record, behind it, at what arrived since, or at the oldest record that the stream still has. */
export type Start =
  | { readonly kind: 'at' | 'after'; readonly sequenceNumber: string }
  | { readonly kind: 'from'; readonly time: EpochMillis }
  | { readonly kind: 'oldest' };

/** One element of Lambda's Kinesis event. */
export type EventRecord = Readonly<ReturnType<typeof eventRecord>>;

/** A shard allows five reads a second, Lambda's own among them. */
const PAUSE = millis(250);

/** What one read of a shard gave. */
interface Page {
  readonly records: readonly EventRecord[];
  /** How far what was read lies behind the tip of the shard, in milliseconds. */
  readonly behind: number;
  /** A closed shard has nothing after it. */
  readonly isLast: boolean;
}

/**
 * Reads a shard in order, page by page, as Lambda's event would bring it, until its end or the tip that it has now.
 * @param limit - records of one page, at most.
 * @throws {InvalidArgumentException} when the stream does not know the sequence number, since it dropped it or it is of another shard.
 */
export async function* readPages(
  { client, clock }: RecordReader,
  source: Pick<KinesisShard, 'stream' | 'shard'>,
  start: Start,
  limit?: number,
): AsyncGenerator<Page> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamARN: source.stream, ShardId: source.shard, ...iteratorOf(start) }),
  );
  let iterator = ShardIterator;
  for (let isFirst = true; iterator !== undefined; isFirst = false) {
    if (!isFirst) await clock.sleep(PAUSE);
    const page = await client.send(new GetRecordsCommand({ StreamARN: source.stream, ShardIterator: iterator, Limit: limit }));
    const { Records = [], MillisBehindLatest: behind = 0, NextShardIterator: next } = page;
    yield { records: Records.map((record) => eventRecord(source, record)), behind, isLast: next === undefined };
    // An empty page says nothing; only the way that is left does.
    if (page.MillisBehindLatest === 0) return;
    iterator = next;
  }
}

/** The records of {@link readPages}. */
export async function* readShard(reader: RecordReader, source: KinesisShard, start: Start): AsyncGenerator<readonly EventRecord[]> {
  for await (const { records } of readPages(reader, source, start)) yield records;
}

function iteratorOf(start: Start): Pick<GetShardIteratorCommandInput, 'ShardIteratorType' | 'StartingSequenceNumber' | 'Timestamp'> & {
  readonly ShardIteratorType: ShardIteratorType;
} {
  switch (start.kind) {
    case 'at':
      return { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: start.sequenceNumber };
    case 'after':
      return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: start.sequenceNumber };
    case 'from':
      return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(start.time) };
    case 'oldest':
      return { ShardIteratorType: 'TRIM_HORIZON' };
    default:
      return start satisfies never;
  }
}

function eventRecord(
  { stream, shard }: Pick<KinesisShard, 'stream' | 'shard'>,
  { SequenceNumber = '', PartitionKey, Data, ApproximateArrivalTimestamp }: StreamRecord,
) {
  return {
    eventSource: 'aws:kinesis',
    eventSourceARN: stream,
    eventID: `${shard}:${SequenceNumber}`,
    kinesis: {
      sequenceNumber: SequenceNumber,
      partitionKey: PartitionKey ?? null,
      data: Buffer.from(Data ?? []).toString('base64'),
      approximateArrivalTimestamp: (ApproximateArrivalTimestamp?.getTime() ?? 0) / 1000,
    },
  };
}

/** Where a record of a page stands, aggregates as a whole. */
function positionOf({ kinesis }: EventRecord): Position {
  return kinesisPosition(kinesis.sequenceNumber);
}

/** When the stream took a record of a page, in epoch milliseconds. */
export function arrivalOf({ kinesis }: EventRecord): number {
  return Math.round(kinesis.approximateArrivalTimestamp * 1000);
}

/** Reads the records between two sequence numbers, ends included. */
export async function readSpan(reader: RecordReader, source: KinesisShard, first: string, last: string): Promise<EventRecord[]> {
  const end = kinesisPosition(last);
  const records: EventRecord[] = [];
  for await (const page of readShard(reader, source, { kind: 'at', sequenceNumber: first })) {
    records.push(...page.filter((record) => positionOf(record) <= end));
    if (page.some((record) => positionOf(record) >= end)) break;
  }
  return records;
}

/** Reads the payload at one position, of a KPL user record too; nothing when the stream does not have it. */
export async function readRecordAt(reader: RecordReader, source: KinesisShard, position: Position): Promise<Uint8Array | undefined> {
  const [sequenceNumber = ''] = spellPosition(position).split(':');
  const Records = await readSpan(reader, source, sequenceNumber, sequenceNumber);
  const all = decodeKinesisEvent({ Records }, { maxRowBytes: mebibytes(10), maxBatchBytes: mebibytes(100), keepFields: [] });
  const found = all.flatMap(({ records }) => records).find(({ record }) => record.position === position);
  return found && bytesOf(found.record.payload);
}
