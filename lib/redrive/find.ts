import { type DynamoDBClient, GetItemCommand, paginateQuery, paginateScan } from '@aws-sdk/client-dynamodb';
import type { Item } from '../ledger/item.ts';
import type { Scope } from '../ledger/listing.ts';
import { type Position, spellPosition } from '../source/position.ts';
import { letterOf, loadOf, partitionOf } from './items.ts';
import type { LetterState, RedriveLoad } from './ledger.ts';

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
  readonly state: LetterState;
  /** What it belongs to, or did; none where the ledger has it no more. */
  readonly load: RedriveLoad | undefined;
}

/** A load of redriven records. */
export interface FoundLoad extends RedrivePlace {
  readonly load: RedriveLoad;
}

/** Finds redriven records by their positions: one that people type may be spelled alike by a shard and a partition. */
export async function findLetters(
  client: DynamoDBClient,
  table: string,
  scope: Scope,
  positions: readonly Position[],
): Promise<readonly FoundLetter[]> {
  const found: FoundLetter[] = [];
  for (const position of positions)
    for await (const item of itemsOf(client, table, scope, `letter#${position}#`)) {
      const state = letterOf(item);
      const name = state.kind === 'new' ? '' : state.load;
      const { Item: load } = await client.send(
        new GetItemCommand({ TableName: table, Key: { pk: item['pk'] ?? { S: '' }, sk: { S: `load#${name}` } }, ConsistentRead: true }),
      );
      found.push({
        ...placeOf(item),
        target: item['sk']?.S?.split('#').at(-1) ?? '',
        position: spellPosition(position),
        state,
        load: load === undefined ? undefined : loadOf(load),
      });
    }
  return found;
}

/** Finds loads of redrives by their label: one that is loaded again after it failed has the label of the first try. */
export async function findLoads(client: DynamoDBClient, table: string, scope: Scope, label: string): Promise<readonly FoundLoad[]> {
  const found: FoundLoad[] = [];
  for await (const item of itemsOf(client, table, scope, `load#${label}#`)) found.push({ ...placeOf(item), load: loadOf(item) });
  return found.sort((a, b) => a.load.claimedAt - b.load.claimedAt);
}

async function* itemsOf(client: DynamoDBClient, TableName: string, scope: Scope, start: string): AsyncGenerator<Item> {
  for await (const { Items = [] } of pagesOf(client, TableName, scope, start)) yield* Items;
}

async function* pagesOf(client: DynamoDBClient, TableName: string, scope: Scope, start: string) {
  const reading = { TableName, ConsistentRead: true } as const;
  if (scope.kind !== 'shards') {
    const own = scope.kind === 'everything' ? [] : [`${scope.loader}#redrive#`];
    yield* paginateScan(
      { client },
      {
        ...reading,
        FilterExpression: ['begins_with(sk, :start)', ...own.map(() => 'begins_with(pk, :own)')].join(' AND '),
        ExpressionAttributeValues: { ':start': { S: start }, ...Object.fromEntries(own.map((pk) => [':own', { S: pk }])) },
      },
    );
    return;
  }
  for (const source of scope.shards)
    yield* paginateQuery(
      { client },
      {
        ...reading,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :start)',
        ExpressionAttributeValues: { ':pk': { S: partitionOf({ loader: scope.loader, source }) }, ':start': { S: start } },
      },
    );
}

/** Reads the partition back: an Iggy stream and topic may hold any character, a loader and a shard no `#`. */
function placeOf({ pk }: Item): RedrivePlace {
  const [, loader = '', kind, stream = '', shard = ''] = /^([^#]*)#redrive#(kinesis|iggy)#(.*)#([^#]*)$/s.exec(pk?.S ?? '') ?? [];
  return { loader, stream: kind === 'iggy' ? JSON.parse(stream).join('/') : stream, shard };
}
