import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { isPosition, type Position } from '../source/position.ts';
import type { SourceShard } from '../source/record.ts';
import { readItem, text } from './attributes.ts';
import type { CheckpointKey } from './checkpoint.ts';
import type { Item } from './item.ts';
import { pagesOf } from './pages.ts';

/** Items that one read looks at: tables of one shard share its partition. */
const PAGE = 100;

/** Partition of redriven records and their loads: one source shard under one loader. Iggy's names may hold any character: JSON keeps them apart. */
export function redrivePartition({ loader, source }: { readonly loader: string; readonly source: SourceShard }): string {
  const stream = source.kind === 'iggy' ? JSON.stringify([source.streamName, source.topicName]) : source.stream;
  return `${loader}#redrive#${source.kind}#${stream}#${source.shard}`;
}

const named = z.object({ pk: text, sk: text }).transform(({ pk, sk }, context) => {
  const source = pk.split('#')[2] === 'iggy' ? 'iggy' : 'kinesis';
  const [, position = '', ...others] = sk.split('#');
  if (isPosition(position, source)) return { position, target: others.at(-1) ?? '' };
  context.issues.push({ code: 'custom', message: `must name a position of ${source}, zero-padded`, path: ['sk'], input: sk });
  return z.NEVER;
});

/** Which record of its shard an item is about, and for which table. @throws {ContractViolation} naming the item, when it is damaged. */
export function namedBy(item: Item): { readonly position: Position; readonly target: string } {
  return readItem(named, item);
}

/** The first record of a shard, by position, that a redrive ever meant to load into a table. @throws {ContractViolation} naming an item that is damaged. */
export async function findFirstRedriven(
  client: DynamoDBClient,
  table: string,
  shard: Pick<CheckpointKey, 'loader' | 'source' | 'target'>,
): Promise<Position | undefined> {
  const reading = { kind: 'partitions', partitions: [redrivePartition(shard)], starts: ['letter#'], pageSize: PAGE } as const;
  for await (const { items } of pagesOf(client, table, reading)) {
    const first = items.map(namedBy).find(({ target }) => target === shard.target);
    if (first !== undefined) return first.position;
  }
  return undefined;
}
