import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { ContractViolation } from '../../../lib/errors.ts';
import { dynamoLedger } from '../../../lib/ledger/dynamodb.ts';
import type { Label } from '../../../lib/plan/label.ts';
import { dynamoRedrives } from '../../../lib/redrive/dynamodb-redrives.ts';
import type { LetterKey, LoadKey, RedriveLedger, RedriveLoad } from '../../../lib/redrive/ledger.ts';
import { iggyPosition, kinesisPosition } from '../../../lib/source/position.ts';
import type { KinesisShard } from '../../../lib/source/record.ts';
import { epochMillis } from '../../../lib/units.ts';
import { createLedgerTable } from '../../../local/aws/dynamodb/ledger-table.ts';
import { SHARD_ID, STREAM_ARN } from '../../support/builders.ts';
import { type LedgerServer, startLedgerServer } from '../../support/ledger-server.ts';
import { memoryRedrives } from '../../support/memory-redrives.ts';

const source: KinesisShard = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID };
const LETTER: LetterKey = { loader: 'test', source, target: 'db.t', position: kinesisPosition('7') };
const OPEN: RedriveLoad = {
  label: 'l' as Label,
  state: 'open',
  rows: 1,
  deadline: epochMillis(10),
  claimedAt: epochMillis(5),
  fence: 1,
  columns: '_source,_shard,_position',
};

let server: LedgerServer;
let client: DynamoDBClient;
let tables = 0;

beforeAll(async () => {
  server = await startLedgerServer();
  client = server.client;
});
afterAll(() => server.close());

async function onDynamoDb(): Promise<RedriveLedger> {
  const TableName = `ledger-${tables++}`;
  await createLedgerTable(client, TableName);
  return dynamoRedrives(client, TableName, systemClock);
}

describe('the ledger of checkpoints', () => {
  it('tells the first redriven record as the ledger of redrives does', async () => {
    const redrives = await onDynamoDb();
    const checkpoints = dynamoLedger(client, `ledger-${tables - 1}`, systemClock);
    expect(await checkpoints.firstRedriven(LETTER)).toBeUndefined();

    await redrives.bind(LETTER, { kind: 'new' }, 'a');

    expect(await checkpoints.firstRedriven(LETTER)).toBe(LETTER.position);
  });

  it('names the item of a redriven record that somebody gave a position of Iggy, as the ledger of redrives does', async () => {
    const redrives = await onDynamoDb();
    const checkpoints = dynamoLedger(client, `ledger-${tables - 1}`, systemClock);
    await redrives.bind({ ...LETTER, position: iggyPosition('7') }, { kind: 'new' }, 'a');

    for (const ledger of [redrives, checkpoints]) {
      await expect(ledger.firstRedriven(LETTER)).rejects.toThrow(ContractViolation);
      await expect(ledger.firstRedriven(LETTER)).rejects.toThrow(/is damaged: sk: must name a position of kinesis, zero-padded/);
    }
  });
});

describe.each([
  ['in DynamoDB', onDynamoDb],
  ['in memory', async () => memoryRedrives()],
])('what became of redriven records, %s', (_, open) => {
  it('binds a record that nobody has redriven to one load only', async () => {
    const ledger = await open();

    expect(await ledger.bind(LETTER, { kind: 'new' }, 'a')).toBe(true);
    expect(await ledger.bind(LETTER, { kind: 'new' }, 'b')).toBe(false);

    expect(await ledger.letter(LETTER)).toEqual({ kind: 'bound', load: 'a' });
  });

  it('binds a record anew only as it was read', async () => {
    const ledger = await open();
    await ledger.bind(LETTER, { kind: 'new' }, 'a');

    expect(await ledger.bind(LETTER, { kind: 'bound', load: 'a' }, 'b')).toBe(true);
    expect(await ledger.bind(LETTER, { kind: 'bound', load: 'a' }, 'c')).toBe(false);

    expect(await ledger.letter(LETTER)).toEqual({ kind: 'bound', load: 'b' });
  });

  it('never binds a record that is found stored', async () => {
    const ledger = await open();
    await ledger.bind(LETTER, { kind: 'new' }, 'a');
    await ledger.decide(LETTER, 'a', 'stored');

    expect(await ledger.bind(LETTER, { kind: 'bound', load: 'a' }, 'b')).toBe(false);
    await ledger.decide(LETTER, 'a', 'free');

    expect(await ledger.letter(LETTER)).toEqual({ kind: 'stored', load: 'a' });
  });

  it('decides nothing about a record that is bound elsewhere by then', async () => {
    const ledger = await open();
    await ledger.bind(LETTER, { kind: 'new' }, 'a');
    await ledger.bind(LETTER, { kind: 'bound', load: 'a' }, 'b');

    await ledger.decide(LETTER, 'a', 'stored');

    expect(await ledger.letter(LETTER)).toEqual({ kind: 'bound', load: 'b' });
  });

  it('keeps records apart that differ in table, sub-sequence or Iggy identity', async () => {
    const ledger = await open();
    const topic = { kind: 'iggy', stream: 's/t', streamName: 's', topicName: 't', shard: '1' } as const;
    const message: LetterKey = { ...LETTER, source: topic, position: iggyPosition('7'), iggy: { id: 'a'.repeat(32), timestamp: '5' } };
    await ledger.bind(LETTER, { kind: 'new' }, 'a');
    await ledger.bind(message, { kind: 'new' }, 'a');

    for (const other of [
      { ...LETTER, target: 'db.u' },
      { ...LETTER, position: kinesisPosition('7', 0) },
      { ...LETTER, loader: 'other' },
      { ...message, iggy: { id: 'a'.repeat(32), timestamp: '6' } },
      { ...message, source: { ...topic, streamName: 's/t', topicName: '' } },
    ])
      expect(await ledger.letter(other)).toEqual({ kind: 'new' });
  });

  it('tells the first record of a shard that a redrive meant for a table, whichever it bound first', async () => {
    const ledger = await open();
    expect(await ledger.firstRedriven(LETTER)).toBeUndefined();
    const others: readonly LetterKey[] = [
      { ...LETTER, target: 'db.u', position: kinesisPosition('1') },
      { ...LETTER, loader: 'other', position: kinesisPosition('2') },
      { ...LETTER, source: { ...source, shard: 'shardId-000000000004' }, position: kinesisPosition('3') },
    ];
    for (const key of [...others, LETTER, { ...LETTER, position: kinesisPosition('5', 2) }, { ...LETTER, position: kinesisPosition('60') }])
      await ledger.bind(key, { kind: 'new' }, 'a');

    expect(await ledger.firstRedriven({ loader: 'test', source, target: 'db.t' })).toBe(kinesisPosition('5', 2));
  });

  it('writes a load only while it is open, and as it was read where that is asked', async () => {
    const ledger = await open();
    const key: LoadKey = { loader: 'test', source, name: 'a' };
    await ledger.open(key, OPEN);

    expect(await ledger.write(key, { ...OPEN, state: 'void', fence: 2 }, 9)).toEqual(OPEN);
    const stored: RedriveLoad = { ...OPEN, state: 'stored', fence: 3 };
    expect(await ledger.write(key, stored)).toEqual(stored);
    expect(await ledger.write(key, { ...OPEN, state: 'void', fence: 4 }, 3)).toEqual(stored);

    expect(await ledger.read(key)).toEqual(stored);
  });

  it('keeps why a load waits for a person, whoever would settle it since', async () => {
    const ledger = await open();
    const key: LoadKey = { loader: 'test', source, name: 'a' };
    const contradicted: RedriveLoad = { ...OPEN, state: 'contradicted', reason: '1 of 2 rows', fence: 2 };
    await ledger.open(key, OPEN);
    await ledger.write(key, contradicted);

    expect(await ledger.write(key, { ...OPEN, state: 'stored', fence: 3 })).toEqual(contradicted);

    expect(await ledger.read(key)).toEqual(contradicted);
  });
});
