import { type AttributeValue, type DynamoDBClient, paginateQuery, paginateScan } from '@aws-sdk/client-dynamodb';
import type { Item } from './item.ts';

/**
 * What is read of a ledger's table: some partitions by their keys, or all of it, which reads every item and gives those of partitions that
 * begin like `own`. With `starts`, only items whose sort key begins like one of these; with `pageSize`, no more items at a time.
 */
export type Reading = { readonly starts?: readonly string[]; readonly pageSize?: number } & (
  | { readonly kind: 'partitions'; readonly partitions: readonly string[] }
  | { readonly kind: 'table'; readonly own?: string }
);

/** Items of one read, and how many items were looked at for them. */
export interface LedgerPage {
  readonly items: readonly Item[];
  readonly seen: number;
}

/** Reads page by page, strongly consistent. */
export async function* pagesOf(client: DynamoDBClient, TableName: string, reading: Reading): AsyncGenerator<LedgerPage> {
  const config = { client, ...(reading.pageSize === undefined ? {} : { pageSize: reading.pageSize }) };
  const inputs =
    reading.kind === 'table'
      ? [paginateScan(config, { TableName, ConsistentRead: true, ...scanOf(reading) })]
      : reading.partitions
          .flatMap((pk) => (reading.starts ?? [undefined]).map((start) => queryOf(pk, start)))
          .map((query) => paginateQuery(config, { TableName, ConsistentRead: true, ...query }));
  for (const pages of inputs) for await (const { Items = [], ScannedCount = 0 } of pages) yield { items: Items, seen: ScannedCount };
}

function queryOf(pk: string, start: string | undefined) {
  return {
    KeyConditionExpression: start === undefined ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :start)',
    ExpressionAttributeValues: { ':pk': { S: pk }, ...(start === undefined ? {} : { ':start': { S: start } }) },
  };
}

function scanOf({ own, starts = [] }: Extract<Reading, { kind: 'table' }>) {
  const begins = starts.map((_, n) => `begins_with(sk, :start${n})`);
  const conditions = [
    ...(own === undefined ? [] : ['begins_with(pk, :own)']),
    ...(begins.length === 0 ? [] : [`(${begins.join(' OR ')})`]),
  ];
  if (conditions.length === 0) return {};
  const values: Record<string, AttributeValue> = Object.fromEntries(starts.map((start, n) => [`:start${n}`, { S: start }]));
  return {
    FilterExpression: conditions.join(' AND '),
    ExpressionAttributeValues: { ...values, ...(own === undefined ? {} : { ':own': { S: own } }) },
  };
}
