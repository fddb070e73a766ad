import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { clipped } from '../clipped.ts';
import { damageOf, moment, number, text } from './attributes.ts';
import { LedgerUnavailable } from './checkpoint.ts';
import { unavailable } from './dynamodb.ts';
import type { Item } from './item.ts';
import { FARTHEST, type Outage, type OutageKey, type OutageReply, type Outages, type OutageWrite } from './outage.ts';

/** For people who look after an outage. Nothing depends on it: an old outage is merely due. */
const KEEP_SECONDS = 7 * 24 * 3600;
/** Everything that a write to the ledger costs counts by the kilobyte. */
const LONGEST_REASON = 400;

/** Outages in the ledger's table: one item a table, found under the loader, written by single conditional updates. */
export function dynamoOutages(client: DynamoDBClient, table: string): Outages {
  async function read(key: OutageKey): Promise<OutageReply> {
    const { Item: item } = await client.send(new GetItemCommand({ TableName: table, Key: keyOf(key), ConsistentRead: true }));
    return refusedBy(item);
  }

  async function write(key: OutageKey, wanted: OutageWrite): Promise<OutageReply> {
    try {
      const returned = { ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
      const update = new UpdateItemCommand({ TableName: table, Key: keyOf(key), ...updateOf(wanted), ...returned });
      const { Attributes: item } = await client.send(update);
      return { kind: 'written', outage: outageOf(item) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // No item is returned when there is none, and by some emulators never.
      return error.Item === undefined ? await read(key) : refusedBy(error.Item);
    }
  }

  async function clear(key: OutageKey): Promise<void> {
    await client.send(new UpdateItemCommand({ TableName: table, Key: keyOf(key), ...CLEARED }));
  }

  return { write: (key, wanted) => orUnavailable(write(key, wanted)), clear: (key) => orUnavailable(clear(key)) };
}

async function orUnavailable<T>(reply: Promise<T>): Promise<T> {
  return await reply.catch((error: unknown) => Promise.reject(error instanceof LedgerUnavailable ? error : unavailable(error)));
}

function keyOf({ loader, target }: OutageKey): Item {
  return { pk: outagePartition(loader), sk: { S: target } };
}

/** All outages of a loader have it in common. */
export function outagePartition(loader: string): AttributeValue {
  return { S: `${loader}#outage` };
}

function refusedBy(item: Item | undefined): OutageReply {
  const outage = knownOutage(item);
  return outage === undefined ? { kind: 'none' } : { kind: 'refused', outage };
}

/** The outage that an item tells of; none when the table took loads since. @throws {LedgerUnavailable} for a damaged item. */
export function knownOutage(item: Item | undefined): Outage | undefined {
  return item?.['until'] === undefined ? undefined : outageOf(item);
}

const storedOutage = z.object({
  cause: text.pipe(z.enum(['unavailable', 'overload', 'running', 'unknown', 'rejected-config', 'fuse-blown'])),
  reason: text.default(''),
  failures: number,
  since: moment,
  phase: text.pipe(z.enum(['pause', 'probe'])),
  until: moment,
  fence: number,
});

/** An item that cannot be read helps nobody to decide, and must not stop anybody either: as if nobody had answered. */
function outageOf(item: Item | undefined): Outage {
  const parsed = storedOutage.safeParse(item);
  if (parsed.success) return parsed.data;
  throw new LedgerUnavailable(`${damageOf(item, parsed.error)}. Delete it`);
}

/** An update, not a deletion: the loader needs no more permission than for its checkpoints. */
const CLEARED = {
  UpdateExpression: 'REMOVE #cause, #reason, #failures, #since, #phase, #until, #fence',
  ExpressionAttributeNames: {
    '#cause': 'cause',
    '#reason': 'reason',
    '#failures': 'failures',
    '#since': 'since',
    '#phase': 'phase',
    '#until': 'until',
    '#fence': 'fence',
  },
};

function updateOf(wanted: OutageWrite) {
  const { condition, values } = conditionOf(wanted);
  const set = attributesOf(wanted);
  const names = Object.keys(set);
  return {
    UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`)}`,
    ConditionExpression: condition,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: { ...values, ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])) },
  };
}

/** The conditions of `allowsWrite`, in DynamoDB's words. A probe must not make an item where there is none. */
function conditionOf(wanted: OutageWrite): { readonly condition: string; readonly values: Item } {
  switch (wanted.kind) {
    case 'open':
      return { condition: 'attribute_not_exists(#until)', values: {} };
    case 'probe':
      return {
        condition: 'attribute_exists(#until) AND (#until <= :now OR #until > :farthest)',
        values: { ':now': numberOf(wanted.now), ':farthest': numberOf(wanted.now + FARTHEST) },
      };
    case 'report':
      return { condition: '#fence = :of', values: { ':of': numberOf(wanted.of) } };
    default:
      return wanted satisfies never;
  }
}

function attributesOf(wanted: OutageWrite): Item {
  if (wanted.kind === 'probe') return { phase: { S: 'probe' }, until: numberOf(wanted.until), fence: numberOf(wanted.fence) };
  const { cause, reason, failures, since, phase, until, fence } = wanted.outage;
  return {
    cause: { S: cause },
    reason: { S: clipped(reason, LONGEST_REASON) },
    failures: numberOf(failures),
    since: numberOf(since),
    phase: { S: phase },
    until: numberOf(until),
    fence: numberOf(fence),
    expiresAt: numberOf(Math.floor(until / 1000) + KEEP_SECONDS),
  };
}

function numberOf(value: number): { N: string } {
  return { N: String(value) };
}
