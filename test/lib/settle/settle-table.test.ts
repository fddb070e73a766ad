import { describe, expect, it } from 'vitest';
import { ContractViolation } from '../../../lib/errors.ts';
import { LedgerUnavailable } from '../../../lib/ledger/checkpoint.ts';
import type { LoadRules } from '../../../lib/pipeline.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import type { LoaderEvent } from '../../../lib/telemetry.ts';
import { hours, seconds } from '../../../lib/units.ts';
import { keyText } from '../../support/memory-ledger.ts';
import { batchOf, type Nature, numbersIn, SHARD, shardOf } from '../../support/shard.ts';
import { INVOCATION, Killed, newWorld, RULES, type World } from '../../support/world.ts';

const good = (count: number): Nature[] => Array.from({ length: count }, () => 'good');
const twoRowLoads: LoadRules = { ...RULES, limits: { ...RULES.limits, maxRows: 2 } };
const CHECKPOINT = keyText({ loader: 'test', source: SHARD, target: 'db.t' });

const stored = (world: World): number[] => numbersIn(world.doris.tables.get('db.t'));
const from = (n: number) => ({ kind: 'unsettled', from: String(1000 + n) });
const eventsOf = <K extends LoaderEvent['kind']>(world: World, kind: K) =>
  world.events.filter((event): event is LoaderEvent & { kind: K } => event.kind === kind);

describe('a batch of good rows', () => {
  it('costs one load, two ledger writes and no read', async () => {
    const world = newWorld();

    expect(await world.invoke(batchOf(shardOf(good(5))), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 1, 2, 3, 4]);
    expect(world.calls).toBe(3);
    expect(world.ledger.checkpoints.get(CHECKPOINT)).toEqual({ through: kinesisPosition('1004'), routes: expect.any(String) });
    expect(world.ledger.totals.get(CHECKPOINT)).toMatchObject({ rows: 5, loads: 1, deadLetters: 0 });
  });

  it('costs one ledger write more for each further load', async () => {
    const world = newWorld();

    await world.invoke(batchOf(shardOf(good(6))), twoRowLoads);

    expect(world.doris.calls.map(({ rows }) => rows)).toEqual([2, 2, 2]);
    expect(world.calls).toBe(3 + 4);
  });

  it('is loaded no second time when it comes again', async () => {
    const world = newWorld();
    await world.invoke(batchOf(shardOf(good(5))), RULES);

    expect(await world.invoke(batchOf(shardOf(good(5))), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toHaveLength(5);
    expect(eventsOf(world, 'duplicates-absorbed').map(({ records }) => records)).toEqual([5]);
  });

  it('is trimmed to what is new when it comes again with more', async () => {
    const world = newWorld();
    await world.invoke(batchOf(shardOf(good(5))), RULES);

    await world.invoke(batchOf(shardOf(good(8))), RULES);

    expect(stored(world)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(world.doris.calls.at(-1)?.rows).toBe(3);
  });

  it('starts no load when less than a second is left', async () => {
    const world = newWorld();

    world.clock.sleep = async () => undefined;
    const late = { ...RULES };
    const settlement = await world.invokeWithin(seconds(0.9), batchOf(shardOf(good(2))), late);

    expect(settlement).toEqual(from(0));
    expect(world.calls).toBe(0);
  });
});

describe('a load whose outcome is not good', () => {
  it.each(['unavailable', 'overload', 'rejected-config', 'running', 'unknown'] as const)(
    'comes again from its first record when it is %s, and nothing is a dead letter',
    async (outcome) => {
      const world = newWorld();
      world.doris.script.push({ stored: false, outcome });

      expect(await world.invoke(batchOf(shardOf(good(3))), RULES)).toEqual(from(0));

      expect(world.letters).toEqual([]);
      expect(await world.invoke(batchOf(shardOf(good(3))), RULES)).toEqual({ kind: 'settled' });
      expect(stored(world)).toEqual([0, 1, 2]);
    },
  );

  it('may be cut anew at once when nothing of it is stored', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: false, outcome: 'unavailable' });
    await world.invoke(batchOf(shardOf(good(3))), RULES);

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual({ kind: 'settled' });
    expect(stored(world)).toEqual([0, 1]);
  });

  it('settles no records before its first, should the source bring any', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    await world.invoke(batchOf(shardOf(good(4)).slice(2)), RULES);

    await expect(world.invoke(batchOf(shardOf(good(4))), RULES)).rejects.toThrow(ContractViolation);
    expect(world.ledger.checkpoints.get(CHECKPOINT)?.through).toBeUndefined();
  });

  it('keeps what the loads before it settled', async () => {
    const world = newWorld();
    const refuseSecond = world.doris.load;
    world.doris.load = async (load, deadline) =>
      numbersIn([String(Buffer.concat(load.body)).split('\n')[0] ?? ''])[0] === 2
        ? { kind: 'overload', reason: '-235', attempts: 1 }
        : refuseSecond(load, deadline);

    expect(await world.invoke(batchOf(shardOf(good(6))), twoRowLoads)).toEqual(from(2));
    expect(stored(world)).toEqual([0, 1]);
  });

  it('is replayed under its own label and cut, though the batch has grown', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    await world.invoke(batchOf(shardOf(good(3))), RULES);

    await world.invoke(batchOf(shardOf(good(5))), RULES);

    const [first, replay, rest] = world.doris.calls;
    expect(replay?.label).toBe(first?.label);
    expect(rest?.rows).toBe(2);
    expect(stored(world)).toEqual([0, 1, 2, 3, 4]);
    expect(eventsOf(world, 'load').map(({ replay: found }) => found)).toEqual([false, true, false]);
  });

  it('is resolved by its label when the batch has shrunk, and the rest of it is trimmed later', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    await world.invoke(batchOf(shardOf(['good', 'good', 'good', 'broken', 'good'])), RULES);

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual({ kind: 'settled' });
    expect(world.letters).toEqual([]);
    const rest = shardOf(['good', 'good', 'good', 'broken', 'good', 'good']).slice(2);
    expect(await world.invoke(batchOf(rest), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 1, 2, 4, 5]);
    expect(world.letters.map(({ record }) => record.itemIdentifier)).toEqual(['1003']);
    expect(eventsOf(world, 'claim-resolved')).toMatchObject([{ state: 'visible', consequence: 'loaded' }]);
  });

  it('waits for the deadline of whoever may still use its label before it is cut anew', async () => {
    const world = newWorld();
    await expect(world.invoke(batchOf(shardOf(good(4))), RULES, { call: 2, effect: 'before' })).rejects.toThrow(Killed);

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual(from(0));
    expect(world.doris.calls).toHaveLength(0);
    world.clock.advance(INVOCATION);
    world.clock.advance(seconds(6));
    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 1]);
  });

  it('stays claimed while nobody tells its label, or its transaction is open', async () => {
    const world = newWorld();
    await expect(world.invoke(batchOf(shardOf(good(4))), RULES, { call: 2, effect: 'before' })).rejects.toThrow(Killed);
    world.clock.advance(INVOCATION);
    const states = [{ kind: 'unreachable', reason: 'HTTP 503' }, { kind: 'prepare' }, { kind: 'precommitted' }] as const;

    for (const state of states) {
      world.doris.labelState = async () => state;
      expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual(from(0));
    }

    expect(world.ledger.checkpoints.get(CHECKPOINT)?.claim?.rows).toBe(4);
    expect(world.doris.calls).toEqual([]);
  });

  it('is not guessed at when Doris may have forgotten its label', async () => {
    const world = newWorld();
    await expect(world.invoke(batchOf(shardOf(good(4))), RULES, { call: 2, effect: 'before' })).rejects.toThrow(Killed);
    world.clock.advance(hours(13));

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual(from(0));
    expect(eventsOf(world, 'unsettled').at(-1)?.reason).toContain('unverifiable');
  });

  it('is told when its records have left the source without a known fate', async () => {
    const world = newWorld();
    await expect(world.invoke(batchOf(shardOf(good(2))), RULES, { call: 2, effect: 'before' })).rejects.toThrow(Killed);
    world.clock.advance(hours(1));

    expect(await world.invoke(batchOf(shardOf(good(4)).slice(2)), RULES)).toEqual({ kind: 'settled' });
    expect(eventsOf(world, 'claim-abandoned')).toMatchObject([{ first: '1000', last: '1001', rows: 2 }]);
  });

  it('stops loading once the table has failed three times in a row, and costs nothing while the breaker is open', async () => {
    const world = newWorld();
    for (let n = 0; n < 3; n++) {
      world.doris.script.push({ stored: false, outcome: 'unavailable' });
      await world.invoke(batchOf(shardOf(good(1))), RULES);
    }

    expect(await world.invoke(batchOf(shardOf(good(1))), RULES)).toEqual(from(0));
    expect(world.calls).toBe(0);
    world.clock.advance(seconds(2));
    expect(await world.invoke(batchOf(shardOf(good(1))), RULES)).toEqual({ kind: 'settled' });
  });
});

describe('a ledger that is away', () => {
  it('leaves everything with the source and stores nothing', async () => {
    const world = newWorld();
    world.ledger.move = async () => Promise.reject(new LedgerUnavailable('throttled'));

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual(from(0));
    expect(world.doris.calls).toHaveLength(0);
  });

  it('after the rows are stored makes them come again, and they are absorbed', async () => {
    const world = newWorld();
    const { move } = world.ledger;
    let moves = 0;
    world.ledger.move = async (key, wanted) => (++moves === 2 ? Promise.reject(new LedgerUnavailable('throttled')) : move(key, wanted));

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual(from(0));
    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 1]);
  });
});

describe('a batch that is settled already', () => {
  it('is acknowledged though a later claim is open', async () => {
    const world = newWorld();
    await world.invoke(batchOf(shardOf(good(2))), RULES);
    await expect(world.invoke(batchOf(shardOf(good(4)).slice(2)), RULES, { call: 2, effect: 'before' })).rejects.toThrow(Killed);

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual({ kind: 'settled' });
  });
});
