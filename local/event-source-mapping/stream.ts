import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandInput,
  type ListShardsCommandOutput,
  type Shard,
} from '@aws-sdk/client-kinesis';
import type { ListedShard } from './shard-order.ts';

/** What a mapping has to know of its stream. */
export interface Stream {
  readonly arn: string;
  readonly region: string;
  /** How long the stream keeps a record. */
  readonly retentionMillis: number;
}

/** Looks the stream up by its name or ARN. */
export async function describeStream(kinesis: KinesisClient, nameOrArn: string): Promise<Stream> {
  const key = nameOrArn.startsWith('arn:') ? { StreamARN: nameOrArn } : { StreamName: nameOrArn };
  const { StreamDescriptionSummary: summary } = await kinesis.send(new DescribeStreamSummaryCommand(key));
  const { StreamARN: arn, RetentionPeriodHours: hours } = summary ?? {};
  if (arn === undefined || hours === undefined) throw new Error(`${nameOrArn}: Kinesis describes no such stream`);
  return { arn, region: arn.split(':')[3] ?? '', retentionMillis: hours * 3_600_000 };
}

/** Lists every shard of the stream, open and closed, page by page. */
export async function listShards(kinesis: KinesisClient, arn: string): Promise<readonly ListedShard[]> {
  const listed: ListedShard[] = [];
  let page: ListShardsCommandInput | undefined = { StreamARN: arn };
  while (page !== undefined) {
    const output: ListShardsCommandOutput = await kinesis.send(new ListShardsCommand(page));
    listed.push(...(output.Shards ?? []).map(readShard));
    page = output.NextToken === undefined ? undefined : { NextToken: output.NextToken };
  }
  return listed;
}

function readShard({ ShardId, ParentShardId, AdjacentParentShardId }: Shard): ListedShard {
  return {
    shardId: ShardId ?? '',
    parents: [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined),
  };
}
