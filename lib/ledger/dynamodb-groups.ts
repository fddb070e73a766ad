import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  paginateQuery,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { iggyPosition, type Position } from '../source/position.ts';
import type { IggyPartition } from '../source/record.ts';
import { flag, moment, readItem, text } from './attributes.ts';
import type { Checkpoint } from './checkpoint.ts';
import { dynamoLedger, expiryOf, orUnavailable, unavailable } from './dynamodb.ts';
import { type FoundGroup, GROUP_SPAN, type GroupKey, type GroupLedger } from './group.ts';
import { checkpointOf, type Item, keyOf, partitionKeyOf } from './item.ts';
import { type Members, unpackMembers } from './members.ts';

/** A ledger of groups in the table of {@link dynamoLedger}: one item a group, found by the last offset in its sort key; no transactions. */
export function dynamoGroups(client: DynamoDBClient, table: string, clock: Clock): GroupLedger {
  async function find(loader: string, source: IggyPartition, first: Position, last: Position): Promise<readonly FoundGroup[]> {
    const query = {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: { ':pk': partitionKeyOf(loader, source), ':from': { S: first }, ':to': { S: `${farthestEnd(last)}~` } },
    };
    const items: Item[] = [];
    for await (const page of paginateQuery({ client }, query)) items.push(...(page.Items ?? []));
    return items.map((item) => groupOf(loader, source, item)).filter(({ members }) => (members.positions[0] ?? last) <= last);
  }

  async function register(key: GroupKey, members: Uint8Array): Promise<void> {
    const { source, target } = key;
    const item: Item = {
      ...keyOf(key),
      stream: { S: source.stream },
      shard: { S: source.shard },
      target: { S: target },
      members: { B: members },
      registeredAt: { N: String(clock.now()) },
      expiresAt: expiryOf(source, clock),
    };
    // What is there under its name is the group itself, written before a reply that was lost; and perhaps it was ended since.
    const condition = { ConditionExpression: 'attribute_not_exists(pk)' };
    await isWritten(client.send(new PutItemCommand({ TableName: table, Item: item, ...condition })));
  }

  async function end(key: GroupKey, checkpoint: Checkpoint): Promise<boolean> {
    const { clauses, names, values } = unchanged(checkpoint);
    return isWritten(
      client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: keyOf(key),
          UpdateExpression: 'SET #ended = :true',
          ConditionExpression: ['attribute_exists(pk)', ...clauses].join(' AND '),
          ExpressionAttributeNames: { '#ended': 'ended', ...names },
          ExpressionAttributeValues: { ':true': { BOOL: true }, ...values },
        }),
      ),
    );
  }

  return {
    ...dynamoLedger(client, table, clock),
    find: (...args) => orUnavailable(find(...args)),
    register,
    end,
  };
}

function farthestEnd(last: Position): Position {
  return iggyPosition(String(BigInt(last) + GROUP_SPAN));
}

function unchanged({ through, claim }: Checkpoint): { clauses: string[]; names: Record<string, string>; values: Item } {
  const clauses = [
    through === undefined ? 'attribute_not_exists(#through)' : '#through = :through',
    claim === undefined ? 'attribute_not_exists(#claim)' : '#claim.#fence = :fence',
  ];
  return {
    clauses,
    names: { '#through': 'through', '#claim': 'claim', ...(claim === undefined ? {} : { '#fence': 'fence' }) },
    values: {
      ...(through === undefined ? {} : { ':through': { S: through } }),
      ...(claim === undefined ? {} : { ':fence': { N: String(claim.fence) } }),
    },
  };
}

/** @returns false when its condition did not hold. */
async function isWritten(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw unavailable(error);
  }
}

const storedGroup = z.object({
  sk: text,
  target: text,
  members: z.object({ B: z.instanceof(Uint8Array) }).transform(({ B }, context) => unpackedMembers(B, context)),
  registeredAt: moment,
  ended: flag.optional(),
});

function unpackedMembers(packed: Uint8Array, context: z.core.$RefinementCtx<unknown>): Members {
  try {
    return unpackMembers(packed);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
}

function groupOf(loader: string, source: IggyPartition, item: Item): FoundGroup {
  const { sk, target, members, registeredAt, ended = false } = readItem(storedGroup, item);
  return {
    key: { loader, source, target, group: { sort: sk } },
    members,
    checkpoint: checkpointOf(item, source.kind),
    ended,
    registeredAt,
  };
}
