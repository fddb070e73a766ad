import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  type Shard,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';

/** Splits the open shard with the widest range of hash keys in its middle. */
export async function splitShard(kinesis: KinesisClient, StreamName: string): Promise<void> {
  const [widest] = (await openShards(kinesis, StreamName)).toSorted((a, b) => (width(a) > width(b) ? -1 : 1));
  if (widest === undefined) throw new Error(`stream ${StreamName} has no open shard`);
  const NewStartingHashKey = String(start(widest) + width(widest) / 2n);
  await kinesis.send(new SplitShardCommand({ StreamName, ShardToSplit: widest.ShardId, NewStartingHashKey }));
  await untilActive(kinesis, StreamName);
}

/** Merges the first two open shards whose ranges touch. */
export async function mergeShards(kinesis: KinesisClient, StreamName: string): Promise<void> {
  const shards = (await openShards(kinesis, StreamName)).toSorted((a, b) => (start(a) < start(b) ? -1 : 1));
  const [left, right] = shards;
  if (left === undefined || right === undefined) throw new Error(`stream ${StreamName} has fewer than two open shards`);
  await kinesis.send(new MergeShardsCommand({ StreamName, ShardToMerge: left.ShardId, AdjacentShardToMerge: right.ShardId }));
  await untilActive(kinesis, StreamName);
}

async function openShards(kinesis: KinesisClient, StreamName: string): Promise<readonly Shard[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  return Shards.filter(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined);
}

function start({ HashKeyRange }: Shard): bigint {
  return BigInt(HashKeyRange?.StartingHashKey ?? 0);
}

function width(shard: Shard): bigint {
  return BigInt(shard.HashKeyRange?.EndingHashKey ?? 0) - start(shard);
}

async function untilActive(kinesis: KinesisClient, StreamName: string): Promise<void> {
  for (;;) {
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return;
    await sleep(20);
  }
}
