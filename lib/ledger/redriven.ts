import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import type { Position } from '../source/position.ts';
import type { SourceShard } from '../source/record.ts';
import type { CheckpointKey } from './checkpoint.ts';
import type { Item } from './item.ts';

/** Items that one read looks at: tables of one shard share its partition. */
const PAGE = 100;

/** Partition of redriven records and their loads: one source shard under one loader. Iggy's names may hold any character: JSON keeps them apart. */
export function redrivePartition({ loader, source }: { readonly loader: string; readonly source: SourceShard }): string {
  const stream = source.kind === 'iggy' ? JSON.stringify([source.streamName, source.topicName]) : source.stream;
  return `${loader}#redrive#${source.kind}#${stream}#${source.shard}`;
}

/** Which record of its shard an item is about, and for which table. */
export function namedBy({ sk }: Item): { readonly position: Position; readonly target: string } {
  const parts = (sk?.S ?? '').split('#');
  return { position: (parts[1] ?? '') as Position, target: parts.at(-1) ?? '' };
}

/** The first record of a shard, by position, that a redrive ever meant to load into a table. */
export async function findFirstRedriven(
  client: DynamoDBClient,
  table: string,
  shard: Pick<CheckpointKey, 'loader' | 'source' | 'target'>,
): Promise<Position | undefined> {
  const pages = paginateQuery(
    { client, pageSize: PAGE },
    {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :letter)',
      ExpressionAttributeValues: { ':pk': { S: redrivePartition(shard) }, ':letter': { S: 'letter#' } },
    },
  );
  for await (const { Items = [] } of pages) {
    const first = Items.map(namedBy).find(({ target }) => target === shard.target);
    if (first !== undefined) return first.position;
  }
  return undefined;
}
