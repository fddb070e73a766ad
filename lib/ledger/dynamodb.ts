import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Clock } from '../clock.ts';
import { ContractViolation } from '../errors.ts';
import type { Position } from '../source/position.ts';
import type { SourceShard } from '../source/record.ts';
import {
  type Checkpoint,
  type CheckpointKey,
  type Expectation,
  type Ledger,
  LedgerUnavailable,
  type Move,
  type MoveResult,
} from './checkpoint.ts';
import { GroupLost } from './group.ts';
import { checkpointOf, claimAttribute, handedAttribute, type Item, keyOf } from './item.ts';
import { findFirstRedriven } from './redriven.ts';

const DAY_SECONDS = 24 * 3600;
/**
 * Nobody asks for a checkpoint that has not moved for longer: a stream keeps records for 365 days at most, a queue messages for 14. A
 * body that was sent twice may come by the second message so much later than by the first.
 */
const KEEP_SECONDS = { kinesis: 400 * DAY_SECONDS, iggy: 15 * DAY_SECONDS } as const;

/** When the item of a checkpoint that is written now may vanish, in epoch seconds. */
export function expiryOf(source: SourceShard, clock: Clock): AttributeValue {
  return { N: String(Math.floor(clock.now() / 1000) + KEEP_SECONDS[source.kind]) };
}

/** A ledger in a DynamoDB table with keys `pk` and `sk` and time-to-live attribute `expiresAt`. One item a checkpoint, no transactions. */
export function dynamoLedger(client: DynamoDBClient, table: string, clock: Clock): Ledger {
  async function readItem(key: CheckpointKey): Promise<Item | undefined> {
    const reply = client.send(new GetItemCommand({ TableName: table, Key: keyOf(key), ConsistentRead: true }));
    const { Item: item } = await reply.catch((error: unknown) => Promise.reject(unavailable(error)));
    return item;
  }

  async function read(key: CheckpointKey): Promise<Checkpoint> {
    const item = await readItem(key);
    refuseLostGroup(key, item);
    return checkpointOf(item, key.source.kind);
  }

  async function move(key: CheckpointKey, wanted: Move): Promise<MoveResult> {
    try {
      const update = { ...updateOf(key, wanted, clock), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
      await client.send(new UpdateItemCommand({ TableName: table, Key: keyOf(key), ...update }));
      return { kind: 'moved' };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw unavailable(error);
      // Some emulators leave the item out; then one read more tells.
      const item = error.Item ?? (await readItem(key));
      refuseLostGroup(key, item);
      return { kind: 'refused', current: checkpointOf(item, key.source.kind) };
    }
  }

  async function firstRedriven(shard: Parameters<Ledger['firstRedriven']>[0]): Promise<Position | undefined> {
    return await orUnavailable(findFirstRedriven(client, table, shard));
  }

  return { read, move, firstRedriven };
}

function refuseLostGroup({ group }: CheckpointKey, item: Item | undefined): void {
  if (group === undefined || (item !== undefined && item['ended'] === undefined)) return;
  throw new GroupLost(`group ${group.sort} was ended by another invocation`);
}

/** A reply whose errors are the ledger's own: those of the SDK become that it is unavailable. */
export async function orUnavailable<T>(reply: Promise<T>): Promise<T> {
  const isOwn = (error: unknown): boolean => error instanceof LedgerUnavailable || error instanceof ContractViolation;
  return await reply.catch((error: unknown) => Promise.reject(isOwn(error) ? error : unavailable(error)));
}

/** An error of the SDK in the ledger's words. */
export function unavailable(cause: unknown): LedgerUnavailable {
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new LedgerUnavailable(`the ledger did not answer: ${why}`, { cause });
}

/** The conditions of `allows`, in DynamoDB's words. */
const NO_CLAIM = 'attribute_not_exists(#claim)';
const NOTHING_FROM = '(attribute_not_exists(#through) OR #through < :before)';
const HOLDING = '#claim.#label = :label';
const SAME_FENCE = '#claim.#fence = :fence';
/** A group that somebody ended meanwhile must not come to life by a claim. */
const LIVING_GROUP = 'attribute_exists(pk) AND attribute_not_exists(#ended)';
const NOT_BACKWARDS = '(attribute_not_exists(#through) OR #through <= :through)';

interface Condition {
  readonly clauses: readonly string[];
  readonly names: Readonly<Record<string, string>>;
  readonly values: Item;
}

function conditionOf(expect: Expectation): Condition {
  switch (expect.kind) {
    case 'vacant':
      return { clauses: [NO_CLAIM, NOTHING_FROM], names: { '#through': 'through' }, values: { ':before': { S: expect.before } } };
    case 'holding': {
      const holding = { clauses: [HOLDING], names: { '#label': 'label' }, values: { ':label': { S: expect.label } } };
      if (expect.fence === undefined) return holding;
      return {
        clauses: [HOLDING, SAME_FENCE],
        names: { ...holding.names, '#fence': 'fence' },
        values: { ...holding.values, ':fence': { N: String(expect.fence) } },
      };
    }
    default:
      return expect satisfies never;
  }
}

function conditionOfGroup(expect: Expectation): Condition {
  const { clauses, names, values } = conditionOf(expect);
  return { clauses: [...clauses, LIVING_GROUP], names: { ...names, '#ended': 'ended' }, values };
}

function updateOf(
  { source, target, group }: CheckpointKey,
  { expect, through, routes, witness, claim, handed, settled }: Move,
  clock: Clock,
) {
  const now = clock.now();
  const set: Item = {
    stream: { S: source.stream },
    shard: { S: source.shard },
    target: { S: target },
    updatedAt: { N: String(now) },
    expiresAt: expiryOf(source, clock),
    ...(through === undefined ? {} : { through: { S: through } }),
    ...(routes === undefined ? {} : { routes: { S: routes } }),
    ...(witness === undefined ? {} : { witness: { S: witness } }),
    ...(claim === undefined ? {} : { claim: claimAttribute(claim) }),
    ...(handed === undefined ? {} : { handed: handedAttribute(handed) }),
  };
  const add: Item = Object.fromEntries(Object.entries(settled ?? {}).map(([name, count]) => [name, { N: String(count) }]));
  const names = [...Object.keys(set), ...Object.keys(add)];
  const condition = group === undefined ? conditionOf(expect) : conditionOfGroup(expect);
  const clauses = [`SET ${Object.keys(set).map((name) => `#${name} = :${name}`)}`];
  if (claim === undefined) clauses.push('REMOVE #claim');
  if (settled !== undefined) clauses.push(`ADD ${Object.keys(add).map((name) => `#${name} :${name}`)}`);
  return {
    UpdateExpression: clauses.join(' '),
    ConditionExpression: [...condition.clauses, ...(through === undefined ? [] : [NOT_BACKWARDS])].join(' AND '),
    ExpressionAttributeNames: { ...condition.names, '#claim': 'claim', ...Object.fromEntries(names.map((name) => [`#${name}`, name])) },
    ExpressionAttributeValues: { ...condition.values, ...valuesOf(set), ...valuesOf(add) },
  };
}

function valuesOf(item: Item): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [`:${name}`, value]));
}
