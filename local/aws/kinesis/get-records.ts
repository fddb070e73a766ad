import {
  createShardIterator,
  incrementSequence,
  type Store,
  type StoredShard,
  type StoredStream,
  shardIxToHex,
} from 'kinesalite/db/index.js';
import type { LoggedRecord, RecordLog } from './record-log.ts';
import { faultOf, type Request } from './reply.ts';
import { openIterator } from './shard-iterator.ts';

/** Where streams and their records are kept. */
export interface Stores {
  readonly store: Store;
  readonly logOf: (stream: string) => RecordLog;
}

/** API reference of GetRecords: a reply carries at most 10 MiB and 10,000 records. */
const largestReply = 10 * 1024 * 1024;
const mostRecords = 10_000;

/**
 * Reads on from an iterator. kinesalite's own action knows neither the 10 MiB bound nor MillisBehindLatest nor the children of a closed
 * shard, and takes every sequence number apart.
 *
 * @returns the reply as JSON text
 * @throws a fault that the engine answers with status 400
 */
export async function getRecords({ store, logOf }: Stores, input: Request): Promise<string> {
  const { streamName, shardId, sequenceNumber } = openIterator(String(input['ShardIterator']));
  const stream = await streamOf(store, streamName);
  const shard = stream.Shards.find(({ ShardId }) => ShardId === shardId);
  if (shard === undefined) throw faultOf('ResourceNotFoundException', `Shard ${shardId} in stream ${streamName} does not exist`);

  const log = logOf(streamName);
  const index = shardIxToHex(Number(shardId.slice('shardId-'.length)));
  log.trim(index, Date.now() / 1000 - stream.RetentionPeriodHours * 3600);
  const records = withinReply(log.read(`${index}/${sequenceNumber}`, Number(input['Limit'] ?? mostRecords)));
  const last = records.at(-1);
  const isTip = last === undefined || log.newest(index) === last.SequenceNumber;
  const isOver = isTip && shard.SequenceNumberRange.EndingSequenceNumber !== undefined;
  const next = last === undefined ? sequenceNumber : incrementSequence(last.SequenceNumber);
  const rest = {
    ...(isOver ? { ChildShards: childrenOf(stream, shardId) } : { NextShardIterator: createShardIterator(streamName, shardId, next) }),
    MillisBehindLatest: isTip ? 0 : Math.max(1, Math.round(Date.now() - last.ApproximateArrivalTimestamp * 1000)),
  };
  return `{"Records":[${spelled(records)}],${JSON.stringify(rest).slice(1)}`;
}

/** Base64 and digits need no escapes: looking for some in every payload took as long as the rest of a read. */
function spelled(records: readonly LoggedRecord[]): string {
  const parts: string[] = [];
  for (const { SequenceNumber, ApproximateArrivalTimestamp, Data, PartitionKey } of records) {
    parts.push(parts.length === 0 ? '{"SequenceNumber":"' : ',{"SequenceNumber":"', SequenceNumber);
    parts.push('","ApproximateArrivalTimestamp":', String(ApproximateArrivalTimestamp), ',"Data":"', Data);
    parts.push('","PartitionKey":', JSON.stringify(PartitionKey), '}');
  }
  return parts.join('');
}

function streamOf(store: Store, name: string): Promise<StoredStream> {
  return new Promise((resolve, reject) => {
    store.getStream(name, (error, stream) => (error ? reject(error) : resolve(stream)));
  });
}

/** A first record larger than the bound still goes out, or the reader would never get past it. */
function withinReply(records: readonly LoggedRecord[]): readonly LoggedRecord[] {
  let bytes = 0;
  const end = records.findIndex((record, index) => {
    bytes += Buffer.byteLength(record.Data, 'base64') + record.PartitionKey.length;
    return index > 0 && bytes > largestReply;
  });
  return end === -1 ? records : records.slice(0, end);
}

function childrenOf(stream: StoredStream, shardId: string): readonly object[] {
  const parentsOf = (shard: StoredShard) => [shard.ParentShardId, shard.AdjacentParentShardId].filter((id) => id !== undefined);
  return stream.Shards.filter((shard) => parentsOf(shard).includes(shardId)).map((shard) => ({
    ShardId: shard.ShardId,
    ParentShards: parentsOf(shard),
    HashKeyRange: shard.HashKeyRange,
  }));
}
