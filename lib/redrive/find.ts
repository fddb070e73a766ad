import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { readItem, text } from '../ledger/attributes.ts';
import type { Item } from '../ledger/item.ts';
import type { Scope } from '../ledger/listing.ts';
import { pagesOf, type Reading } from '../ledger/pages.ts';
import { namedBy, redrivePartition } from '../ledger/redriven.ts';
import { type Position, spellPosition } from '../source/position.ts';
import { loadOf, redrivenOf } from './items.ts';
import type { RedriveLoad, RedrivenState } from './ledger.ts';

/** Whose redrive it was, and of which shard. */
export interface RedrivePlace {
  readonly loader: string;
  /** ARN, or `stream/topic`. */
  readonly stream: string;
  readonly shard: string;
}

/** A redriven record as the ledger has it, whether or not its letter is still there. */
export interface FoundLetter extends RedrivePlace {
  readonly target: string;
  readonly position: string;
  readonly state: RedrivenState;
  /** What it belongs to, or did; none where the ledger has it no more. */
  readonly load: RedriveLoad | undefined;
}

/** A load of redriven records. */
export interface FoundLoad extends RedrivePlace {
  /** Its place in the ledger's table. */
  readonly item: { readonly pk: string; readonly sk: string };
  readonly load: RedriveLoad;
}

/**
 * Finds redriven records by their positions: one that people type may be spelled alike by a shard and a partition.
 * @throws {ContractViolation} naming the item, when one is damaged.
 */
export async function findLetters(
  client: DynamoDBClient,
  table: string,
  scope: Scope,
  positions: readonly Position[],
): Promise<readonly FoundLetter[]> {
  const found: FoundLetter[] = [];
  const starts = positions.map((position) => `letter#${position}#`);
  for await (const { items } of pagesOf(client, table, { ...readingOf(scope), starts })) {
    for (const item of items) found.push(await foundIn(client, table, item));
  }
  return found;
}

async function foundIn(client: DynamoDBClient, TableName: string, item: Item): Promise<FoundLetter> {
  const state = redrivenOf(item);
  const { position, target } = namedBy(item);
  const Key = { pk: item['pk'] ?? { S: '' }, sk: { S: `load#${state.load}` } };
  const { Item: load } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  return { ...placeOf(item), target, position: spellPosition(position), state, load: load === undefined ? undefined : loadOf(load) };
}

function readingOf(scope: Scope): Reading {
  switch (scope.kind) {
    case 'everything':
      return { kind: 'table' };
    case 'loader':
      return { kind: 'table', own: `${scope.loader}#redrive#` };
    case 'shards':
      return { kind: 'partitions', partitions: scope.shards.map((source) => redrivePartition({ loader: scope.loader, source })) };
    default:
      return scope satisfies never;
  }
}

/** Whether an item is a load of redrives under a label: one that is loaded again after it failed has the label of the first try. */
export function isLoadUnder(label: string, { sk }: Item): boolean {
  return sk?.S?.startsWith(`load#${label}#`) === true;
}

/** Whether an item is a record that belongs to such a load. */
export function isBoundUnder(label: string, { sk, load }: Item): boolean {
  return sk?.S?.startsWith('letter#') === true && load?.S?.startsWith(`${label}#`) === true;
}

/** `database.table` of a load, by the items of records bound to such loads; none where no record was. @throws {ContractViolation} */
export function targetOfLoad({ item: { pk, sk } }: FoundLoad, bound: readonly Item[]): string | undefined {
  const own = bound.find((record) => record['pk']?.S === pk && `load#${record['load']?.S}` === sk);
  return own === undefined ? undefined : namedBy(own).target;
}

/** Reads such an item back. @throws {ContractViolation} naming it, when it is damaged. */
export function foundLoadOf(item: Item): FoundLoad {
  return { ...placeOf(item), item: { pk: item['pk']?.S ?? '', sk: item['sk']?.S ?? '' }, load: loadOf(item) };
}

/** An Iggy stream and topic may hold any character, a loader and a shard no `#`. */
const PARTITION = /^([^#]*)#redrive#(kinesis|iggy)#(.*)#([^#]*)$/s;

const placed = z.object({
  pk: text.transform((pk, context): RedrivePlace => {
    const [, loader = '', kind, stream = '', shard = ''] = PARTITION.exec(pk) ?? [];
    const name = kind === 'iggy' ? topicIn(stream) : stream;
    if (kind !== undefined && name !== undefined) return { loader, stream: name, shard };
    context.issues.push({ code: 'custom', message: 'must be <loader>#redrive#<source>#<stream>#<shard>', input: pk });
    return z.NEVER;
  }),
});

const topic = z.tuple([z.string(), z.string()]);

function topicIn(names: string): string | undefined {
  try {
    return topic.parse(JSON.parse(names)).join('/');
  } catch {
    return undefined;
  }
}

function placeOf(item: Item): RedrivePlace {
  return readItem(placed, item).pk;
}
