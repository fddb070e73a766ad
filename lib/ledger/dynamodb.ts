import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { ContractViolation } from '../errors.ts';
import type { Label } from '../plan/label.ts';
import { isPosition } from '../source/position.ts';
import { epochMillis } from '../units.ts';
import {
  type Checkpoint,
  type CheckpointKey,
  type Claim,
  type Expectation,
  type Ledger,
  LedgerUnavailable,
  type Move,
  type MoveResult,
} from './checkpoint.ts';

type Item = Record<string, AttributeValue>;

/** A stream keeps records for 365 days at most: nobody asks for a checkpoint that has not moved for longer. */
const KEEP_SECONDS = 400 * 24 * 3600;

/** A ledger in a DynamoDB table with keys `pk` and `sk` and time-to-live attribute `expiresAt`. One item a checkpoint, no transactions. */
export function dynamoLedger(client: DynamoDBClient, table: string, clock: Clock): Ledger {
  async function read(key: CheckpointKey): Promise<Checkpoint> {
    const { Item: item } = await answered(client.send(new GetItemCommand({ TableName: table, Key: keyOf(key), ConsistentRead: true })));
    return checkpointOf(item);
  }

  async function move(key: CheckpointKey, wanted: Move): Promise<MoveResult> {
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: keyOf(key),
          ...updateOf(key, wanted, clock),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { kind: 'moved' };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw unavailable(error);
      // Some emulators leave the item out; then one read more tells.
      return { kind: 'refused', current: error.Item === undefined ? await read(key) : checkpointOf(error.Item) };
    }
  }

  return { read, move };
}

async function answered<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(cause: unknown): LedgerUnavailable {
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new LedgerUnavailable(`the ledger did not answer: ${why}`, { cause });
}

function keyOf({ loader, source, target }: CheckpointKey): Item {
  return { pk: { S: `${loader}#${source.kind}#${source.stream}#${source.shard}` }, sk: { S: target } };
}

/** The conditions of `allows`, in DynamoDB's words. */
const NO_CLAIM = 'attribute_not_exists(#claim)';
const BEFORE = '(attribute_not_exists(#through) OR #through < :before)';
const HOLDING = '#claim.#label = :label';
const SAME_EPOCH = '#claim.#epoch = :epoch';
const NOT_BACKWARDS = '(attribute_not_exists(#through) OR #through <= :through)';

interface Expression {
  readonly clauses: readonly string[];
  readonly names: Record<string, string>;
  readonly values: Item;
}

function conditionOf(expect: Expectation): Expression {
  switch (expect.kind) {
    case 'vacant':
      return {
        clauses: [NO_CLAIM, BEFORE],
        names: { '#claim': 'claim', '#through': 'through' },
        values: { ':before': { S: expect.before } },
      };
    case 'holding':
      return {
        clauses: expect.epoch === undefined ? [HOLDING] : [HOLDING, SAME_EPOCH],
        names: { '#claim': 'claim', '#label': 'label', ...(expect.epoch === undefined ? {} : { '#epoch': 'epoch' }) },
        values: { ':label': { S: expect.label }, ...(expect.epoch === undefined ? {} : { ':epoch': { N: String(expect.epoch) } }) },
      };
    default:
      return expect satisfies never;
  }
}

function updateOf({ source, target }: CheckpointKey, { expect, through, claim, settled }: Move, clock: Clock) {
  const condition = conditionOf(expect);
  const now = clock.now();
  const set: Item = { stream: { S: source.stream }, shard: { S: source.shard }, target: { S: target }, updatedAt: { N: String(now) } };
  set['expiresAt'] = { N: String(Math.floor(now / 1000) + KEEP_SECONDS) };
  if (through !== undefined) set['through'] = { S: through };
  if (claim !== undefined) set['claim'] = { M: claimItem(claim) };
  const add: Item = Object.fromEntries(Object.entries(settled ?? {}).map(([name, count]) => [name, { N: String(count) }]));
  const clauses = [`SET ${Object.keys(set).map((name) => `#${name} = :${name}`)}`];
  if (claim === undefined) clauses.push('REMOVE #claim');
  if (settled !== undefined) clauses.push(`ADD ${Object.keys(add).map((name) => `#${name} :${name}`)}`);
  return {
    UpdateExpression: clauses.join(' '),
    ConditionExpression: [...condition.clauses, ...(through === undefined ? [] : [NOT_BACKWARDS])].join(' AND '),
    ExpressionAttributeNames: { ...condition.names, '#claim': 'claim', ...namesOf(set), ...namesOf(add) },
    ExpressionAttributeValues: { ...condition.values, ...valuesOf(set), ...valuesOf(add) },
  };
}

function namesOf(item: Item): Record<string, string> {
  return Object.fromEntries(Object.keys(item).map((name) => [`#${name}`, name]));
}

function valuesOf(item: Item): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [`:${name}`, value]));
}

function claimItem(claim: Claim): Item {
  return {
    state: { S: claim.state },
    label: { S: claim.label },
    first: { S: claim.first },
    last: { S: claim.last },
    rows: { N: String(claim.rows) },
    origin: { S: claim.origin },
    deadline: { N: String(claim.deadline) },
    epoch: { N: String(claim.epoch) },
    claimedAt: { N: String(claim.claimedAt) },
  };
}

const text = z.object({ S: z.string() }).transform(({ S }) => S);
const number = z.object({ N: z.string() }).transform(({ N }) => Number(N));
const position = text.refine(isPosition, 'must be a zero-padded position');

const storedCheckpoint = z.object({
  through: position.optional(),
  claim: z
    .object({
      M: z.object({
        state: text.pipe(z.enum(['open', 'loaded'])),
        label: text.transform((label) => label as Label),
        first: position,
        last: position,
        rows: number,
        origin: text.pipe(z.enum(['cut', 'isolation'])),
        deadline: number.transform(epochMillis),
        epoch: number,
        claimedAt: number.transform(epochMillis),
      }),
    })
    .optional(),
});

function checkpointOf(item: Item | undefined): Checkpoint {
  if (item === undefined) return {};
  const parsed = storedCheckpoint.safeParse(item);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ContractViolation(
      `ledger item ${item['pk']?.S} / ${item['sk']?.S} is damaged: ${issue?.path.join('.')}: ${issue?.message}. Repair or delete it`,
    );
  }
  const { through, claim } = parsed.data;
  return { ...(through === undefined ? {} : { through }), ...(claim === undefined ? {} : { claim: claim.M }) };
}
