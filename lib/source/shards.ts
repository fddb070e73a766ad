import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandOutput,
  type Shard,
} from '@aws-sdk/client-kinesis';

/** A shard as its stream lists it. A closed one takes no more records. */
export interface StreamShard {
  readonly shard: string;
  readonly state: 'open' | 'closed';
  readonly parents: readonly string[];
}

/** A Kinesis stream and its shards. */
export interface StreamFacts {
  readonly arn: string;
  readonly name: string;
  readonly retentionHours: number;
  readonly shards: readonly StreamShard[];
}

/** Asks for a stream and all of its shards. @param stream - name or ARN. */
export async function describeStream(client: KinesisClient, stream: string): Promise<StreamFacts> {
  const named = stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream };
  const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand(named));
  const { StreamARN: arn, StreamName: name, RetentionPeriodHours: retentionHours } = summary ?? {};
  if (arn === undefined || name === undefined || retentionHours === undefined)
    throw new Error(`stream ${stream}: the answer of AWS names no stream`);
  return { arn, name, retentionHours, shards: await listShards(client, named) };
}

async function listShards(
  client: KinesisClient,
  named: { readonly StreamARN: string } | { readonly StreamName: string },
): Promise<readonly StreamShard[]> {
  const shards: StreamShard[] = [];
  let page: { readonly StreamARN?: string; readonly StreamName?: string; readonly NextToken?: string } | undefined = named;
  while (page !== undefined) {
    const reply: ListShardsCommandOutput = await client.send(new ListShardsCommand(page));
    shards.push(...(reply.Shards ?? []).flatMap(shardOf));
    page = reply.NextToken === undefined ? undefined : { NextToken: reply.NextToken };
  }
  return shards;
}

function shardOf({ ShardId, ParentShardId, AdjacentParentShardId, SequenceNumberRange }: Shard): readonly StreamShard[] {
  if (ShardId === undefined) return [];
  const parents = [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined);
  return [{ shard: ShardId, state: SequenceNumberRange?.EndingSequenceNumber === undefined ? 'open' : 'closed', parents }];
}
