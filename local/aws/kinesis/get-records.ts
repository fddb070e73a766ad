import { createDecipheriv } from 'node:crypto';
import {
  createShardIterator,
  ITERATOR_PWD_IV,
  ITERATOR_PWD_KEY,
  incrementSequence,
  type Store,
  type StoredRecord,
  type StoredShard,
  shardIxToHex,
} from 'kinesalite/db/index.js';
import type { RecordLog } from './record-log.ts';
import type { Request } from './reply.ts';

interface ReadRecord extends StoredRecord {
  readonly SequenceNumber: string;
}

interface GetRecordsOutput {
  readonly Records: readonly ReadRecord[];
  readonly NextShardIterator?: string;
  readonly MillisBehindLatest: number;
}

/** API reference of GetRecords: a reply carries at most 10 MiB and 10,000 records. */
const largestReply = 10 * 1024 * 1024;
const mostRecords = 10_000;

/** Where streams and their records are kept. */
export interface Stores {
  readonly store: Store;
  readonly logOf: (stream: string) => RecordLog;
}

/** Puts in what kinesalite leaves out of the reply: the 10 MiB bound, MillisBehindLatest, and the children of a closed shard. */
export const mendGetRecords = async ({ store, logOf }: Stores, input: Request, output: object): Promise<object> => {
  const read = output as GetRecordsOutput;
  const { stream, shardId } = openIterator(String(input['ShardIterator']));
  if (read.NextShardIterator === undefined) return { ...read, ChildShards: await childrenOf(store, stream, shardId) };

  const records = withinReply(read.Records);
  const last = records.at(-1);
  if (last === undefined) return read;
  const isWhole = records.length === read.Records.length;
  if (isWhole && records.length < Number(input['Limit'] ?? mostRecords)) return read;

  const next = isWhole ? read.NextShardIterator : createShardIterator(stream, shardId, incrementSequence(last.SequenceNumber));
  const shard = shardIxToHex(Number(shardId.slice('shardId-'.length)));
  const isTip = isWhole && logOf(stream).newest(shard) === `${shard}/${last.SequenceNumber}`;
  const behind = isTip ? 0 : Math.max(1, Math.round(Date.now() - last.ApproximateArrivalTimestamp * 1000));
  return { Records: records, NextShardIterator: next, MillisBehindLatest: behind };
};

/** A first record larger than the bound still goes out, or the reader would never get past it. */
const withinReply = (records: readonly ReadRecord[]): readonly ReadRecord[] => {
  let bytes = 0;
  const end = records.findIndex((record, index) => {
    bytes += Buffer.byteLength(record.Data, 'base64') + record.PartitionKey.length;
    return index > 0 && bytes > largestReply;
  });
  return end === -1 ? records : records.slice(0, end);
};

/** The engine's iterators are `time/stream/shard/sequence number/padding`, encrypted under a key that it publishes. */
const openIterator = (iterator: string): { readonly stream: string; readonly shardId: string } => {
  const decipher = createDecipheriv('aes-256-cbc', ITERATOR_PWD_KEY, ITERATOR_PWD_IV);
  const sealed = Buffer.from(iterator, 'base64').subarray(8);
  const [, stream = '', shardId = ''] = Buffer.concat([decipher.update(sealed), decipher.final()])
    .toString()
    .split('/');
  return { stream, shardId };
};

const childrenOf = async (store: Store, streamName: string, shardId: string): Promise<readonly object[]> => {
  const shards = await new Promise<readonly StoredShard[]>((resolve, reject) => {
    store.getStream(streamName, (error, stream) => (error ? reject(error) : resolve(stream.Shards)));
  });
  const parentsOf = (shard: StoredShard) => [shard.ParentShardId, shard.AdjacentParentShardId].filter((id) => id !== undefined);
  return shards
    .filter((shard) => parentsOf(shard).includes(shardId))
    .map((shard) => ({ ShardId: shard.ShardId, ParentShards: parentsOf(shard), HashKeyRange: shard.HashKeyRange }));
};
