import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { IggyPartition, KinesisShard } from '../source/record.ts';
import type { EpochMillis } from '../units.ts';
import { flag, moment, number, readItem, text } from './attributes.ts';
import type { Checkpoint, CheckpointKey, Settled } from './checkpoint.ts';
import { knownOutage, outagePartition } from './dynamodb-outages.ts';
import type { GroupKey } from './group.ts';
import { checkpointOf, type Item, partitionKeyOf } from './item.ts';
import type { Outage, OutageKey } from './outage.ts';
import { pagesOf, type Reading } from './pages.ts';

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

/** One group of messages that an Iggy partition brought for one table. The ledger keeps it for as long as its messages may come again. */
export interface ListedGroup extends GroupKey {
  readonly checkpoint: Checkpoint;
  readonly settled: boolean;
  readonly registeredAt: EpochMillis;
  readonly totals: Settled;
}

/** What a ledger's table holds, but for redriven records. */
export interface Listing {
  /** Of Kinesis shards, in order of loader, stream, shard and table. */
  readonly checkpoints: readonly ListedCheckpoint[];
  /** Of Iggy partitions, in no order. */
  readonly groups: readonly ListedGroup[];
  readonly outages: readonly ListedOutage[];
}

/**
 * What of a ledger's table is wanted: the shards of one loader, which a query each finds by their keys; or everything of one loader or of
 * all, for which the whole table is read.
 */
export type Scope =
  | { readonly kind: 'shards'; readonly loader: string; readonly shards: readonly KinesisShard[] }
  | { readonly kind: 'loader'; readonly loader: string }
  | { readonly kind: 'everything' };

const KINDS: ReadonlySet<string | undefined> = new Set(['kinesis', 'iggy', 'outage']);

/**
 * Reads what the ledger's table has.
 * @param onPage - told how many items were read so far, unwanted ones too.
 * @param onOther - told every item that belongs to no listing, such as those of redriven records.
 * @throws {ContractViolation} naming the item, when one is not ours. @throws {LedgerUnavailable} for a damaged outage.
 */
export async function listLedger(
  client: DynamoDBClient,
  table: string,
  scope: Scope,
  onPage: (items: number) => void,
  onOther: (item: Item) => void = () => {},
): Promise<Listing> {
  const items: Item[] = [];
  let read = 0;
  for await (const { items: page, seen } of pagesOf(client, table, readingOf(scope))) {
    for (const item of page) {
      if (KINDS.has(kindOf(item))) items.push(item);
      else onOther(item);
    }
    read += seen;
    onPage(read);
  }
  const of = (kind: string) => items.filter((item) => kindOf(item) === kind);
  return {
    checkpoints: of('kinesis')
      .map(listedOf)
      .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)),
    groups: of('iggy').map(groupOf),
    outages: of('outage').flatMap(outagesOf),
  };
}

function kindOf(item: Item): string | undefined {
  return item['pk']?.S?.split('#')[1];
}

function readingOf(scope: Scope): Reading {
  switch (scope.kind) {
    case 'everything':
      return { kind: 'table' };
    case 'loader':
      return { kind: 'table', own: `${scope.loader}#` };
    case 'shards': {
      const { loader, shards } = scope;
      const keys = [...shards.map((shard) => partitionKeyOf(loader, shard)), outagePartition(loader)];
      return { kind: 'partitions', partitions: keys.map(({ S = '' }) => S) };
    }
    default:
      return scope satisfies never;
  }
}

const outageKey = z.object({ pk: text, sk: text });

function outagesOf(item: Item): readonly ListedOutage[] {
  const outage = knownOutage(item);
  const { pk, sk } = readItem(outageKey, item);
  return outage === undefined ? [] : [{ loader: loaderOf(pk), target: sk, outage }];
}

function loaderOf(partition: string): string {
  return partition.slice(0, partition.indexOf('#'));
}

const count = number.optional();

const totals = z
  .object({ rows: count, bytes: count, loads: count, deadLetters: count })
  .transform(({ rows = 0, bytes = 0, loads = 0, deadLetters = 0 }) => ({ rows, bytes, loads, deadLetters }));

const listedItem = z.object({ pk: text, stream: text, shard: text, target: text, updatedAt: moment });

function listedOf(item: Item): ListedCheckpoint {
  const { pk, stream, shard, target, updatedAt } = readItem(listedItem, item);
  return {
    loader: loaderOf(pk),
    source: { kind: 'kinesis', stream, streamName: stream.slice(stream.lastIndexOf('/') + 1), shard },
    target,
    checkpoint: checkpointOf(item, 'kinesis'),
    totals: readItem(totals, item),
    updatedAt,
  };
}

const groupItem = z.object({
  pk: text.pipe(z.string().regex(/^[^#]*#iggy#\d+:/, 'must be <loader>#iggy#<length of stream>:<stream>/<topic>#<partition>')),
  /** Last position, `#`, nonce. */
  sk: text,
  stream: text,
  shard: text,
  target: text,
  registeredAt: moment,
  ended: flag.optional(),
});

function groupOf(item: Item): ListedGroup {
  const { pk, sk, stream, shard, target, ended, registeredAt } = readItem(groupItem, item);
  const checkpoint = checkpointOf(item, 'iggy');
  const { through } = checkpoint;
  const isThrough = through !== undefined && through >= sk.slice(0, sk.indexOf('#'));
  return {
    loader: loaderOf(pk),
    source: partitionOf(pk, stream, shard),
    target,
    group: { sort: sk },
    checkpoint,
    // What an ended group did not settle belongs to others.
    settled: isThrough || ended !== undefined,
    registeredAt,
    totals: readItem(totals, item),
  };
}

/** The partition whose key `partitionKeyOf` made: the length that stands there tells where the stream's name ends. */
function partitionOf(pk: string, stream: string, shard: string): IggyPartition {
  const length = Number.parseInt(pk.split('#', 3)[2] ?? '', 10);
  return { kind: 'iggy', stream, streamName: stream.slice(0, length), topicName: stream.slice(length + 1), shard };
}

function orderOf({ loader, source, target }: CheckpointKey): string {
  return [loader, source.stream, source.shard, target].join('\u0000');
}
