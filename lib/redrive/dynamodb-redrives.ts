import { ConditionalCheckFailedException, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { ContractViolation } from '../errors.ts';
import { LedgerUnavailable } from '../ledger/checkpoint.ts';
import { unavailable } from '../ledger/dynamodb.ts';
import type { Item } from '../ledger/item.ts';
import type { Label } from '../plan/label.ts';
import { epochMillis } from '../units.ts';
import type { LetterKey, LetterState, LoadKey, RedriveLedger, RedriveLoad } from './ledger.ts';

/** A letter in a queue lives 14 days, but what Lambda keeps of expired batches in a bucket for a year (docs/operations.md). */
const KEEP_SECONDS = 400 * 24 * 3600;

interface Guarded {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
}

/** Redriven records in the ledger's table: one item a record, one a load, single conditional writes only. */
export function dynamoRedrives(client: DynamoDBClient, table: string, clock: Clock): RedriveLedger {
  async function get(key: Item): Promise<Item | undefined> {
    return (await client.send(new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true }))).Item;
  }

  /** @returns false when the condition did not hold. */
  async function put(item: Item, condition: Guarded): Promise<boolean> {
    const expiresAt = { N: String(Math.floor(clock.now() / 1000) + KEEP_SECONDS) };
    try {
      await client.send(new PutItemCommand({ TableName: table, Item: { ...item, expiresAt }, ...condition }));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  const letter = async (key: LetterKey): Promise<LetterState> => letterOf(await get(letterKey(key)));

  async function bind(key: LetterKey, seen: LetterState, load: string): Promise<boolean> {
    const condition = seen.kind === 'new' ? ABSENT : boundTo(seen.load);
    if (await put({ ...letterKey(key), load: { S: load } }, condition)) return true;
    // A reply that was lost makes a write look like somebody else's.
    const now = await letter(key);
    return now.kind === 'bound' && now.load === load;
  }

  async function decide(key: LetterKey, load: string, fate: 'stored' | 'free'): Promise<void> {
    await put({ ...letterKey(key), load: { S: load }, fate: { S: fate } }, boundTo(load));
  }

  async function read(key: LoadKey): Promise<RedriveLoad> {
    const item = await get(loadKey(key));
    if (item === undefined) throw new ContractViolation(`the ledger has records of redrive load ${key.name}, but not the load itself`);
    return loadOf(item);
  }

  async function write(key: LoadKey, load: RedriveLoad, expect?: number): Promise<RedriveLoad> {
    return (await put(loadItem(key, load), stillOpen(expect))) ? load : await read(key);
  }

  async function open(key: LoadKey, load: RedriveLoad): Promise<void> {
    await put(loadItem(key, load), ABSENT);
  }

  return {
    letter: (key) => orUnavailable(letter(key)),
    bind: (...args) => orUnavailable(bind(...args)),
    decide: (...args) => orUnavailable(decide(...args)),
    open: (...args) => orUnavailable(open(...args)),
    read: (key) => orUnavailable(read(key)),
    write: (...args) => orUnavailable(write(...args)),
  };
}

async function orUnavailable<T>(reply: Promise<T>): Promise<T> {
  const told = (error: unknown): boolean => error instanceof LedgerUnavailable || error instanceof ContractViolation;
  return await reply.catch((error: unknown) => Promise.reject(told(error) ? error : unavailable(error)));
}

const ABSENT: Guarded = { ConditionExpression: 'attribute_not_exists(pk)' };

function boundTo(load: string): Guarded {
  return {
    ConditionExpression: '#load = :load AND (attribute_not_exists(#fate) OR #fate = :free)',
    ExpressionAttributeNames: { '#load': 'load', '#fate': 'fate' },
    ExpressionAttributeValues: { ':load': { S: load }, ':free': { S: 'free' } },
  };
}

function stillOpen(fence: number | undefined): Guarded {
  return {
    ConditionExpression: fence === undefined ? '#state = :open' : '#state = :open AND #fence = :fence',
    ExpressionAttributeNames: { '#state': 'state', ...(fence === undefined ? {} : { '#fence': 'fence' }) },
    ExpressionAttributeValues: { ':open': { S: 'open' }, ...(fence === undefined ? {} : { ':fence': { N: String(fence) } }) },
  };
}

/** Iggy's names may hold any character: JSON keeps them apart. */
function partitionOf({ loader, source }: LoadKey | LetterKey): string {
  const stream = source.kind === 'iggy' ? JSON.stringify([source.streamName, source.topicName]) : source.stream;
  return `${loader}#redrive#${source.kind}#${stream}#${source.shard}`;
}

function letterKey(key: LetterKey): Item {
  const { iggy, position, target } = key;
  const parts = ['letter', position, ...(iggy === undefined ? [] : [iggy.timestamp, iggy.id]), target];
  return { pk: { S: partitionOf(key) }, sk: { S: parts.join('#') } };
}

function loadKey(key: LoadKey): Item {
  return { pk: { S: partitionOf(key) }, sk: { S: `load#${key.name}` } };
}

function loadItem(key: LoadKey, { label, state, rows, deadline, claimedAt, fence, witness }: RedriveLoad): Item {
  return {
    ...loadKey(key),
    label: { S: label },
    state: { S: state },
    rows: { N: String(rows) },
    deadline: { N: String(deadline) },
    claimedAt: { N: String(claimedAt) },
    fence: { N: String(fence) },
    ...(witness === undefined ? {} : { witness: { S: witness } }),
  };
}

const text = z.object({ S: z.string() }).transform(({ S }) => S);
const number = z.object({ N: z.string() }).transform(({ N }) => Number(N));
const moment = number.transform(epochMillis);
const label = text.transform((name) => name as Label);

const storedLetter = z.object({ load: text, fate: text.pipe(z.enum(['stored', 'free'])).optional() });
const storedLoad = z.object({
  label,
  state: text.pipe(z.enum(['open', 'stored', 'void'])),
  rows: number,
  deadline: moment,
  claimedAt: moment,
  fence: number,
  witness: label.optional(),
});

function letterOf(item: Item | undefined): LetterState {
  if (item === undefined) return { kind: 'new' };
  const { load, fate = 'bound' } = parsed(storedLetter, item);
  return { kind: fate, load };
}

function loadOf(item: Item): RedriveLoad {
  const { witness, ...load } = parsed(storedLoad, item);
  return { ...load, ...(witness === undefined ? {} : { witness }) };
}

function parsed<T>(schema: z.ZodType<T>, item: Item): T {
  const result = schema.safeParse(item);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ContractViolation(
    `ledger item ${item['pk']?.S} / ${item['sk']?.S} is damaged: ${issue?.path.join('.')}: ${issue?.message}. Repair or delete it`,
  );
}
