import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { EpochMillis } from '../units.ts';
import { epochMillis } from '../units.ts';
import type { Checkpoint, CheckpointKey, Settled } from './checkpoint.ts';
import { checkpointOf, type Item } from './item.ts';

/** A checkpoint as people look at it: whose it is, how far it is, and what it has settled since it was made. */
export interface ListedCheckpoint extends CheckpointKey {
  readonly checkpoint: Checkpoint;
  readonly totals: Settled;
  readonly updatedAt: EpochMillis;
}

/**
 * Every checkpoint of Kinesis shards in the ledger's table, in order of loader, stream, shard and table. Reads the whole table.
 * @param loader - label prefix of the only loader that is wanted.
 * @throws {ContractViolation} naming the item, when one is not ours.
 */
export async function listCheckpoints(client: DynamoDBClient, table: string, loader?: string): Promise<readonly ListedCheckpoint[]> {
  const filter =
    loader === undefined ? {} : { FilterExpression: 'begins_with(pk, :own)', ExpressionAttributeValues: { ':own': { S: `${loader}#` } } };
  const listed: ListedCheckpoint[] = [];
  for await (const { Items: items = [] } of paginateScan({ client }, { TableName: table, ConsistentRead: true, ...filter })) {
    for (const item of items) if (isKinesisCheckpoint(item)) listed.push(listedOf(item));
  }
  return listed.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

function isKinesisCheckpoint(item: Item): boolean {
  return item['pk']?.S?.split('#')[1] === 'kinesis';
}

const text = z.object({ S: z.string() }).transform(({ S }) => S);
const count = z
  .object({ N: z.string() })
  .transform(({ N }) => Number(N))
  .optional();

const listedItem = z.object({
  pk: text,
  stream: text,
  shard: text,
  target: text,
  updatedAt: z.object({ N: z.string() }).transform(({ N }) => epochMillis(Number(N))),
  rows: count,
  bytes: count,
  loads: count,
  deadLetters: count,
});

function listedOf(item: Item): ListedCheckpoint {
  const { pk, stream, shard, target, updatedAt, rows = 0, bytes = 0, loads = 0, deadLetters = 0 } = listedItem.parse(item);
  return {
    loader: pk.slice(0, pk.indexOf('#')),
    source: { kind: 'kinesis', stream, streamName: stream.slice(stream.lastIndexOf('/') + 1), shard },
    target,
    checkpoint: checkpointOf(item),
    totals: { rows, bytes, loads, deadLetters },
    updatedAt,
  };
}

function orderOf({ loader, source, target }: CheckpointKey): string {
  return [loader, source.stream, source.shard, target].join('\u0000');
}
