import { describe, expect, it } from 'vitest';
import { DeadLettersUnavailable } from '../../../lib/dead-letter/letter.ts';
import { ContractViolation } from '../../../lib/errors.ts';
import { hours, seconds } from '../../../lib/units.ts';
import { concluded } from '../../support/memory-doris.ts';
import { batchOf, numbersIn, shardOf } from '../../support/shard.ts';
import { INVOCATION, Killed, newWorld, RULES } from '../../support/world.ts';
import { CHECKPOINT, eventsOf, from, good, stored, TWO_ROW_LOADS } from './settling.ts';

describe('a load whose outcome is not good', () => {
  it.each(['unavailable', 'overload', 'rejected-config', 'running', 'unknown'] as const)(
    'comes again from its first record when it is %s, and nothing is a dead letter',
    async (outcome) => {
      const world = newWorld();
      world.doris.script.push({ stored: false, outcome });

      expect(await world.invoke(batchOf(shardOf(good(3))), RULES)).toEqual(from(0));

      expect(world.letters).toEqual([]);
      world.clock.advance(seconds(8));
      expect(await world.invoke(batchOf(shardOf(good(3))), RULES)).toEqual({ kind: 'settled' });
      expect(stored(world)).toEqual([0, 1, 2]);
    },
  );

  it('may be cut anew when nothing of it is stored, after however long an outage', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: false, outcome: 'unavailable' });
    await world.invoke(batchOf(shardOf(good(3))), RULES);
    world.clock.advance(hours(13));

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual({ kind: 'settled' });
    expect(stored(world)).toEqual([0, 1]);
  });

  it('is told with its age by every delivery that leaves it in doubt', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: false, outcome: 'running' }, { stored: false, outcome: 'unknown' });
    await world.invoke(batchOf(shardOf(good(3))), RULES);
    const [{ claimedAt } = { claimedAt: 0 }] = [...world.ledger.checkpoints.values()].flatMap(({ claim }) => claim ?? []);
    world.clock.advance(hours(1));
    const late = world.clock.now() - claimedAt;
    await world.invoke(batchOf(shardOf(good(3))), RULES);
    world.clock.advance(hours(1));
    expect(await world.invoke(batchOf(shardOf(good(3))), RULES)).toEqual({ kind: 'settled' });

    expect(eventsOf(world, 'claim-in-doubt')).toMatchObject([
      { first: '1000', last: '1002', rows: 3, age: 0 },
      { first: '1000', last: '1002', rows: 3, age: late },
    ]);
  });

  it('leaves nothing in doubt when it surely stored nothing', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: false, outcome: 'unavailable' });
    await world.invoke(batchOf(shardOf(good(3))), RULES);

    expect(eventsOf(world, 'claim-in-doubt')).toEqual([]);
  });

  it('settles no records before its first, should the source bring any', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    await world.invoke(batchOf(shardOf(good(4)).slice(2)), RULES);

    const early = world.invoke(batchOf(shardOf(good(4))), RULES);

    await expect(early).rejects.toThrow(ContractViolation);
    await expect(early).rejects.toThrow(/^2 records that nothing has settled come from before claim .* Have the mapping begin at 1002,/);
    expect(world.ledger.checkpoints.get(CHECKPOINT)?.through).toBeUndefined();
  });

  it('keeps what the loads before it settled', async () => {
    const world = newWorld();
    const refuseSecond = world.doris.load;
    world.doris.load = async (load, deadline) =>
      numbersIn([String(Buffer.concat(load.body)).split('\n')[0] ?? ''])[0] === 2
        ? { kind: 'overload', reason: '-235', attempts: 1 }
        : refuseSecond(load, deadline);

    expect(await world.invoke(batchOf(shardOf(good(6))), TWO_ROW_LOADS)).toEqual(from(2));
    expect(stored(world)).toEqual([0, 1]);
  });

  it('is asked for under its own label and cut, though the batch has grown', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    await world.invoke(batchOf(shardOf(good(3))), RULES);

    await world.invoke(batchOf(shardOf(good(5))), RULES);

    expect(world.doris.calls.map(({ rows }) => rows)).toEqual([3, 2]);
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
    expect(eventsOf(world, 'claim-resolved')).toMatchObject([{ because: 'label visible', consequence: 'loaded' }]);
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
    expect(eventsOf(world, 'claim-in-doubt')).toMatchObject([{ rows: 4, age: hours(13) }]);
  });

  it('is told when its records have left the source without a known fate', async () => {
    const world = newWorld();
    await expect(world.invoke(batchOf(shardOf(good(2))), RULES, { call: 2, effect: 'before' })).rejects.toThrow(Killed);
    world.clock.advance(hours(1));

    expect(await world.invoke(batchOf(shardOf(good(4)).slice(2)), RULES)).toEqual({ kind: 'settled' });
    expect(eventsOf(world, 'claim-abandoned')).toMatchObject([{ first: '1000', last: '1001', rows: 2 }]);
  });

  it('is told when letters between its rows may never have been sent', async () => {
    const world = newWorld();
    world.failLetters = new DeadLettersUnavailable('the queue is away');
    expect(await world.invoke(batchOf(shardOf(['good', 'broken', 'good', 'good'])), RULES)).toEqual(from(0));
    world.failLetters = undefined;

    expect(await world.invoke(batchOf(shardOf(good(4)).slice(2)), RULES)).toEqual({ kind: 'settled' });

    expect(eventsOf(world, 'claim-abandoned')).toMatchObject([{ first: '1000', last: '1003', rows: 3 }]);
    expect(stored(world)).toEqual([0, 2, 3]);
  });

  it('is told when Doris took it although its claim was taken away meanwhile', async () => {
    const world = newWorld();
    const { load } = world.doris;
    world.doris.load = async (wanted, deadline) => {
      world.doris.load = load;
      expect(await wanted.mayStart()).toBe(true);
      world.clock.advance(seconds(10));
      await world.invoke(batchOf(shardOf(good(3))), RULES);
      return concluded(world.doris, wanted, world.doris.begin(wanted).end(), deadline);
    };

    await world.invoke(batchOf(shardOf(good(4))), RULES);

    expect(eventsOf(world, 'claim-lost')).toMatchObject([{ first: '1000', last: '1003', rows: 4 }]);
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

describe('a batch that is settled already', () => {
  it('is acknowledged though a later claim is open', async () => {
    const world = newWorld();
    await world.invoke(batchOf(shardOf(good(2))), RULES);
    await expect(world.invoke(batchOf(shardOf(good(4)).slice(2)), RULES, { call: 2, effect: 'before' })).rejects.toThrow(Killed);

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual({ kind: 'settled' });
  });
});
