import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { type EpochMillis, epochMillis } from '../units.ts';
import type { Checkpoint, CheckpointKey, Settled } from './checkpoint.ts';
import { knownOutage } from './dynamodb-outages.ts';
import { checkpointOf, type Item } from './item.ts';
import type { Outage, OutageKey } from './outage.ts';

/** A checkpoint as people look at it: whose it is, how far it is, and what it has settled since it was made. */
export interface ListedCheckpoint extends CheckpointKey {
  readonly checkpoint: Checkpoint;
  readonly totals: Settled;
  readonly updatedAt: EpochMillis;
}

/** What the breaker of a loader knows of a table that takes no loads. */
export interface ListedOutage extends OutageKey {
  readonly outage: Outage;
}

/** What a ledger's table holds. */
export interface Listing {
  /** Of Kinesis shards, in order of loader, stream, shard and table. */
  readonly checkpoints: readonly ListedCheckpoint[];
  readonly outages: readonly ListedOutage[];
}

/**
 * Reads the whole table.
 * @param loader - label prefix of the only loader that is wanted.
 * @throws {ContractViolation} naming the item, when one is not ours. @throws {LedgerUnavailable} for a damaged outage.
 */
export async function listLedger(client: DynamoDBClient, table: string, loader?: string): Promise<Listing> {
  const filter =
    loader === undefined ? {} : { FilterExpression: 'begins_with(pk, :own)', ExpressionAttributeValues: { ':own': { S: `${loader}#` } } };
  const checkpoints: ListedCheckpoint[] = [];
  const outages: ListedOutage[] = [];
  for await (const { Items: items = [] } of paginateScan({ client }, { TableName: table, ConsistentRead: true, ...filter })) {
    for (const item of items) {
      const kind = item['pk']?.S?.split('#')[1];
      if (kind === 'kinesis') checkpoints.push(listedOf(item));
      if (kind === 'outage') outages.push(...outagesOf(item));
    }
  }
  return { checkpoints: checkpoints.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)), outages };
}

const outageKey = z.object({ pk: z.object({ S: z.string() }), sk: z.object({ S: z.string() }) });

function outagesOf(item: Item): readonly ListedOutage[] {
  const outage = knownOutage(item);
  const { pk, sk } = outageKey.parse(item);
  return outage === undefined ? [] : [{ loader: loaderOf(pk.S), target: sk.S, outage }];
}

function loaderOf(partition: string): string {
  return partition.slice(0, partition.indexOf('#'));
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
    loader: loaderOf(pk),
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
