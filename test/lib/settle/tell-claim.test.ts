import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { StoredOtherwise } from '../../../lib/errors.ts';
import type { CheckpointKey, Claim } from '../../../lib/ledger/checkpoint.ts';
import { dynamoLedger } from '../../../lib/ledger/dynamodb.ts';
import { type PersonsWord, tellClaim } from '../../../lib/settle/tell-claim.ts';
import { hours } from '../../../lib/units.ts';
import { type LedgerServer, startLedgerServer, TABLE } from '../../support/ledger-server.ts';
import { batchOf, SHARD, shardOf } from '../../support/shard.ts';
import { newWorld, RULES, type World } from '../../support/world.ts';
import { claimOf, eventsOf, from, good, stored } from './settling.ts';

const KEY: CheckpointKey = { loader: 'test', source: SHARD, target: 'db.t' };
const records = shardOf([...good(1), 'broken', ...good(4)]);

let world: World;
const invoke = (first: number, last: number) => world.invoke(batchOf(records.slice(first, last)), RULES);

function heldClaim(): Claim {
  const claim = claimOf(world);
  if (claim === undefined) throw new Error('no claim');
  return claim;
}

async function tell(word: PersonsWord): Promise<void> {
  expect(await tellClaim(world.ledger, KEY, heldClaim(), word, world.clock)).toBe(true);
}

/** Doris stores the first three records' rows, or none of them, and reports otherwise. */
async function contradict(stores: boolean): Promise<void> {
  const { load } = world.doris;
  world.doris.load = async (...args) => {
    if (stores) await load(...args);
    throw new StoredOtherwise('1 of 2 rows are counted as loaded');
  };
  await expect(invoke(0, 3)).rejects.toThrow(StoredOtherwise);
  world.doris.load = load;
}

/** A load in doubt, stored or not, of which Doris has forgotten the label when it comes again. */
async function forget(isStored: boolean): Promise<void> {
  world.doris.script.push({ stored: isStored, outcome: 'unknown' });
  expect(await invoke(0, 3)).toEqual(from(0));
  world.clock.advance(hours(13));
  world.doris.forget();
  expect(await invoke(0, 3)).toEqual(from(0));
}

beforeEach(() => {
  world = newWorld();
});

describe.each([
  ['contradicted', () => contradict(true)],
  ['open, and forgotten by Doris', () => forget(true)],
])('a claim that is %s, and stored by the word of a person', (_, doubt) => {
  it.each([
    ['as it was', 0, 3],
    ['longer', 0, 6],
  ])('is loaded no more when its records come again %s, and its dead letters are sent', async (__, first, last) => {
    await doubt();
    await tell('stored');

    expect(await invoke(first, last)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 2, ...[3, 4, 5].filter((n) => n < last)]);
    expect(world.letters.map(({ record }) => record.itemIdentifier)).toEqual(['1001']);
    expect(claimOf(world)).toBeUndefined();
  });
});

describe.each([
  ['contradicted', () => contradict(false)],
  ['open, and forgotten by Doris', () => forget(false)],
])('a claim that is %s, and not stored by the word of a person', (_, doubt) => {
  it.each([
    ['as it was', 0, 3],
    ['longer', 0, 6],
  ])('is loaded once when its records come again %s', async (__, first, last) => {
    await doubt();
    await tell('not-stored');

    expect(await invoke(first, last)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 2, ...[3, 4, 5].filter((n) => n < last)]);
    expect(claimOf(world)).toBeUndefined();
  });

  it('is loaded once when its records come again in two batches', async () => {
    await doubt();
    await tell('not-stored');
    // The lease of the claim still counts: a person's word ends no attempt.
    world.clock.advance(hours(1));

    expect(await invoke(0, 1)).toEqual({ kind: 'settled' });
    expect(await invoke(1, 6)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 2, 3, 4, 5]);
  });

  it('is told as abandoned when deliveries are past its records', async () => {
    await doubt();
    await tell('not-stored');
    world.clock.advance(hours(1));

    expect(await invoke(3, 6)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([3, 4, 5]);
    expect(eventsOf(world, 'claim-abandoned')).toMatchObject([{ first: '1000', last: '1002', rows: 2 }]);
  });
});

describe('a claim that was written since a person looked at it', () => {
  let server: LedgerServer;
  beforeAll(async () => {
    server = await startLedgerServer('dynoxide');
  });
  afterAll(() => server.close());

  it('stays as it is, whatever the person says of it', async () => {
    await contradict(true);
    const ledger = dynamoLedger(server.client, TABLE, systemClock);
    const claim = heldClaim();
    await ledger.move(KEY, { expect: { kind: 'vacant', before: claim.first }, claim });

    expect(await tellClaim(ledger, KEY, { ...claim, fence: claim.fence + 1 }, 'stored', systemClock)).toBe(false);
    expect(await ledger.read(KEY)).toEqual({ claim });
    expect(await tellClaim(ledger, KEY, claim, 'stored', systemClock)).toBe(true);
    expect(await tellClaim(ledger, KEY, claim, 'not-stored', systemClock)).toBe(false);

    const told = (await ledger.read(KEY)).claim;
    expect(told).toEqual({ ...claim, state: { kind: 'loaded' }, fence: told?.fence });
    expect(told?.fence).not.toBe(claim.fence);
  });
});
