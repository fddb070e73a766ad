import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { ContractViolation } from '../../../lib/errors.ts';
import { type CheckpointKey, type Claim, type Ledger, LedgerUnavailable } from '../../../lib/ledger/checkpoint.ts';
import { dynamoLedger } from '../../../lib/ledger/dynamodb.ts';
import { claimAttribute, type Item } from '../../../lib/ledger/item.ts';
import type { Label } from '../../../lib/plan/label.ts';
import { iggyPosition, kinesisPosition } from '../../../lib/source/position.ts';
import { epochMillis } from '../../../lib/units.ts';
import { clientOfNobody, type LedgerServer, startLedgerServer, TABLE } from '../../support/ledger-server.ts';
import { memoryLedger } from '../../support/memory-ledger.ts';
import { SHARD } from '../../support/shard.ts';

let shards = 0;

/** A key that no other test has used. */
function freshKey(): CheckpointKey {
  return { loader: 'test', source: { ...SHARD, shard: `shardId-${String(shards++).padStart(12, '0')}` }, target: 'db.t' };
}

function claimOf(label: string, first: number, last: number, changes: Partial<Claim> = {}): Claim {
  return {
    state: { kind: 'open' },
    label: label as Label,
    first: at(first),
    last: at(last),
    rows: last - first + 1,
    routes: 'by-default',
    origin: 'cut',
    deadline: epochMillis(1_700_000_060_000),
    fence: 1,
    claimedAt: epochMillis(1_700_000_000_000),
    ...changes,
  };
}

const at = (n: number) => kinesisPosition(String(n));
const CLAIM_ITEM = claimAttribute(claimOf('L1', 1, 3)).M;
const vacantBefore = (n: number) => ({ kind: 'vacant', before: at(n) }) as const;
const holding = (label: string, fence?: number) =>
  ({ kind: 'holding', label: label as Label, ...(fence === undefined ? {} : { fence }) }) as const;
const settled = { rows: 3, bytes: 30, loads: 1, deadLetters: 0 };

function ledgerSuite(ledgerOf: () => Ledger): void {
  it('knows nothing of a shard that it has not seen', async () => {
    expect(await ledgerOf().read(freshKey())).toEqual({});
  });

  it('takes a claim on a vacant checkpoint and tells it to whoever comes second', async () => {
    const key = freshKey();
    const claim = claimOf('L1', 1, 3);

    expect(await ledgerOf().move(key, { expect: vacantBefore(1), claim })).toEqual({ kind: 'moved' });
    expect(await ledgerOf().move(key, { expect: vacantBefore(1), claim: claimOf('L2', 1, 5) })).toEqual({
      kind: 'refused',
      current: { claim },
    });
  });

  it.each<Claim['state']>([
    { kind: 'unseen' },
    { kind: 'unlabelled' },
    { kind: 'contradicted', reason: '1 of 2 rows' },
    { kind: 'loaded' },
    { kind: 'refused', refusal: { reason: 'bad', attempts: 2, errorUrl: 'http://be/log' } },
    { kind: 'given-up', reason: 'forgotten' },
  ])('keeps what is known of a load: $kind', async (state) => {
    const key = freshKey();
    const claim = claimOf('L1', 1, 3, { state });

    await ledgerOf().move(key, { expect: vacantBefore(1), claim });

    expect(await ledgerOf().read(key)).toEqual({ claim });
  });

  it('keeps when a claim was last seen not to be stored', async () => {
    const key = freshKey();
    const claim = claimOf('L1', 1, 3, { absentAt: epochMillis(1_700_000_030_000) });

    await ledgerOf().move(key, { expect: vacantBefore(1), claim });

    expect(await ledgerOf().read(key)).toEqual({ claim });
  });

  it('refuses a claim on what is settled already', async () => {
    const key = freshKey();
    await ledgerOf().move(key, { expect: vacantBefore(1), through: at(5) });

    expect(await ledgerOf().move(key, { expect: vacantBefore(5), claim: claimOf('L', 5, 9) })).toEqual({
      kind: 'refused',
      current: { through: at(5) },
    });
    expect(await ledgerOf().move(key, { expect: vacantBefore(6), claim: claimOf('L', 6, 9) })).toEqual({ kind: 'moved' });
  });

  it('settles a claim and takes the next one in one step', async () => {
    const key = freshKey();
    const next = claimOf('L2', 4, 6);
    await ledgerOf().move(key, { expect: vacantBefore(1), claim: claimOf('L1', 1, 3) });

    expect(await ledgerOf().move(key, { expect: holding('L1'), through: at(3), claim: next, settled })).toEqual({ kind: 'moved' });
    expect(await ledgerOf().read(key)).toEqual({ through: at(3), claim: next });
    expect(await ledgerOf().move(key, { expect: holding('L2'), through: at(6), settled })).toEqual({ kind: 'moved' });
    expect(await ledgerOf().read(key)).toEqual({ through: at(6) });
  });

  it('refuses to settle a claim that is not there', async () => {
    const key = freshKey();
    const claim = claimOf('L1', 1, 3);
    await ledgerOf().move(key, { expect: vacantBefore(1), claim });

    expect(await ledgerOf().move(key, { expect: holding('L9'), through: at(3) })).toEqual({ kind: 'refused', current: { claim } });
    expect(await ledgerOf().move(freshKey(), { expect: holding('L1'), through: at(3) })).toEqual({ kind: 'refused', current: {} });
  });

  it('tells a claim that was written anew from the one that was held', async () => {
    const key = freshKey();
    const mine = claimOf('L1', 1, 3);
    const theirs = { ...mine, fence: 2 };
    await ledgerOf().move(key, { expect: vacantBefore(1), claim: mine });
    await ledgerOf().move(key, { expect: holding('L1', 1), claim: theirs });

    expect(await ledgerOf().move(key, { expect: holding('L1', 1) })).toEqual({ kind: 'refused', current: { claim: theirs } });
    expect(await ledgerOf().move(key, { expect: holding('L1', 2) })).toEqual({ kind: 'moved' });
    expect(await ledgerOf().read(key)).toEqual({});
  });

  it('never moves a watermark back, in the order of numbers and not of digits', async () => {
    const key = freshKey();
    const long = kinesisPosition('9'.repeat(129));
    await ledgerOf().move(key, { expect: vacantBefore(1), through: at(10) });

    expect((await ledgerOf().move(key, { expect: vacantBefore(11), through: at(9) })).kind).toBe('refused');
    expect((await ledgerOf().move(key, { expect: vacantBefore(100), through: at(100) })).kind).toBe('moved');
    expect((await ledgerOf().move(key, { expect: vacantBefore(101), through: long })).kind).toBe('moved');
    expect(await ledgerOf().read(key)).toEqual({ through: long });
  });

  it('keeps by which routes the watermark came about', async () => {
    const key = freshKey();
    await ledgerOf().move(key, { expect: vacantBefore(1), through: at(3), routes: 'before' });
    await ledgerOf().move(key, { expect: vacantBefore(4), claim: claimOf('L', 4, 5) });
    expect(await ledgerOf().read(key)).toMatchObject({ through: at(3), routes: 'before' });

    await ledgerOf().move(key, { expect: holding('L'), through: at(5), routes: 'after' });
    expect(await ledgerOf().read(key)).toEqual({ through: at(5), routes: 'after' });
  });

  it('keeps what redrive took over while the loader goes on', async () => {
    const key = freshKey();
    const handed = [{ through: at(3) }, { after: at(5), through: at(8) }];
    expect(await ledgerOf().move(key, { expect: vacantBefore(6), through: at(8), routes: 'r', handed })).toEqual({ kind: 'moved' });

    await ledgerOf().move(key, { expect: vacantBefore(9), claim: claimOf('L', 9, 9) });
    await ledgerOf().move(key, { expect: holding('L'), through: at(9) });

    expect(await ledgerOf().read(key)).toEqual({ through: at(9), routes: 'r', handed });
  });

  it('orders user records of an aggregate by their sub-sequence number', async () => {
    const key = freshKey();
    await ledgerOf().move(key, { expect: vacantBefore(1), through: kinesisPosition('7', 9) });

    const claim = claimOf('L', 7, 8, { first: kinesisPosition('7', 10) });
    expect((await ledgerOf().move(key, { expect: { kind: 'vacant', before: kinesisPosition('7', 8) }, claim })).kind).toBe('refused');
    expect((await ledgerOf().move(key, { expect: { kind: 'vacant', before: claim.first }, claim })).kind).toBe('moved');
  });

  it('keeps every state of a claim', async () => {
    const states = [
      { kind: 'open' },
      { kind: 'loaded' },
      { kind: 'refused', refusal: { reason: 'too long: "ü"', attempts: 2 } },
      { kind: 'refused', refusal: { reason: 'r', attempts: 1, errorUrl: 'http://be/log' } },
    ] as const;
    for (const state of states) {
      const key = freshKey();
      const claim = claimOf('L', 1, 1, { state, origin: 'isolation' });
      await ledgerOf().move(key, { expect: vacantBefore(1), claim });
      expect(await ledgerOf().read(key)).toEqual({ claim });
    }
  });

  it('gives a claim to exactly one of many that want it at once', async () => {
    const key = freshKey();
    const wanted = Array.from({ length: 20 }, (_, n) => ledgerOf().move(key, { expect: vacantBefore(1), claim: claimOf(`L${n}`, 1, 3) }));

    const results = await Promise.all(wanted);
    expect(results.filter(({ kind }) => kind === 'moved')).toHaveLength(1);
  });

  it('keeps shards, tables and loaders apart', async () => {
    const key = freshKey();
    await ledgerOf().move(key, { expect: vacantBefore(1), through: at(5) });

    expect(await ledgerOf().read({ ...key, target: 'db.other' })).toEqual({});
    expect(await ledgerOf().read({ ...key, loader: 'other' })).toEqual({});
    expect(await ledgerOf().read(freshKey())).toEqual({});
  });
}

describe('a ledger in memory', () => {
  const ledger = memoryLedger();
  ledgerSuite(() => ledger);
});

describe.each(['dynoxide', 'dynalite'] as const)('a ledger on DynamoDB (%s)', (engine) => {
  let server: LedgerServer;
  let client: LedgerServer['client'];
  let ledger: Ledger;
  beforeAll(async () => {
    server = await startLedgerServer(engine);
    ({ client } = server);
    ledger = dynamoLedger(client, TABLE, systemClock);
  });
  afterAll(() => server.close());

  ledgerSuite(() => ledger);

  it('adds the totals of every settled load', async () => {
    const key = freshKey();
    await ledger.move(key, { expect: vacantBefore(1), claim: claimOf('L1', 1, 3) });
    await ledger.move(key, { expect: holding('L1'), through: at(3), claim: claimOf('L2', 4, 6), settled });
    await ledger.move(key, { expect: holding('L2'), through: at(6), settled: { ...settled, deadLetters: 2 } });

    const { Item } = await client.send(
      new GetItemCommand({ TableName: TABLE, Key: { pk: { S: `test#kinesis#${SHARD.stream}#${key.source.shard}` }, sk: { S: 'db.t' } } }),
    );
    expect(Item).toMatchObject({ rows: { N: '6' }, bytes: { N: '60' }, loads: { N: '2' }, deadLetters: { N: '2' } });
  });

  it('keeps a checkpoint 400 days from its last move, longer than any stream keeps records', async () => {
    const key = freshKey();
    const now = 1_700_000_000_000;
    const later = dynamoLedger(client, TABLE, { ...systemClock, now: () => epochMillis(now) });
    await later.move(key, { expect: vacantBefore(1), claim: claimOf('L1', 1, 3) });

    const Key = { pk: { S: `test#kinesis#${SHARD.stream}#${key.source.shard}` }, sk: { S: 'db.t' } };
    const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key }));

    expect(Item?.['expiresAt']).toEqual({ N: String(now / 1000 + 400 * 24 * 3600) });
  });

  it('names an item that somebody damaged', async () => {
    const key = freshKey();
    const pk = `test#kinesis#${SHARD.stream}#${key.source.shard}`;
    await client.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: pk }, sk: { S: 'db.t' }, through: { S: '12' } } }));

    await expect(ledger.read(key)).rejects.toThrow(ContractViolation);
    await expect(ledger.read(key)).rejects.toThrow(`${pk} / db.t is damaged: through: must be a position of kinesis, zero-padded`);
  });

  it.each<[string, Item]>([
    ['through', { through: { S: iggyPosition('12') } }],
    ['claim.M.first', { claim: { M: { ...CLAIM_ITEM, first: { S: iggyPosition('1') } } } }],
    ['claim.M.last', { claim: { M: { ...CLAIM_ITEM, last: { S: iggyPosition('3') } } } }],
    ['handed.L.0.M.through', { handed: { L: [{ M: { through: { S: iggyPosition('12') } } }] } }],
  ])('names an item that somebody gave a position of Iggy: %s', async (path, damage) => {
    const key = freshKey();
    const pk = `test#kinesis#${SHARD.stream}#${key.source.shard}`;
    await client.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: pk }, sk: { S: 'db.t' }, ...damage } }));

    await expect(ledger.read(key)).rejects.toThrow(ContractViolation);
    await expect(ledger.read(key)).rejects.toThrow(`${pk} / db.t is damaged: ${path}: must be a position of kinesis, zero-padded`);
  });

  it('says that it is unavailable when nobody answers', async () => {
    await expect(dynamoLedger(clientOfNobody(), TABLE, systemClock).read(freshKey())).rejects.toThrow(LedgerUnavailable);
  });
});
