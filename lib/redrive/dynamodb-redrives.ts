import { ConditionalCheckFailedException, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../clock.ts';
import { ContractViolation } from '../errors.ts';
import { orUnavailable } from '../ledger/dynamodb.ts';
import type { Item } from '../ledger/item.ts';
import { findFirstRedriven } from '../ledger/redriven.ts';
import { letterKey, letterOf, loadItem, loadKey, loadOf } from './items.ts';
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
    firstRedriven: (shard) => orUnavailable(findFirstRedriven(client, table, shard)),
    bind: (...args) => orUnavailable(bind(...args)),
    decide: (...args) => orUnavailable(decide(...args)),
    open: (...args) => orUnavailable(open(...args)),
    read: (key) => orUnavailable(read(key)),
    write: (...args) => orUnavailable(write(...args)),
  };
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
