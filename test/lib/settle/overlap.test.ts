import { describe, expect, it } from 'vitest';
import { DeadLettersUnavailable } from '../../../lib/dead-letter/letter.ts';
import type { LoadRules } from '../../../lib/pipeline.ts';
import { millis, seconds } from '../../../lib/units.ts';
import { expectExactlyOnce } from '../../support/exactly-once.ts';
import { startStepped } from '../../support/interleaving.ts';
import { batchOf, type Nature, shardOf } from '../../support/shard.ts';
import { Killed, newWorld, RULES } from '../../support/world.ts';
import { claimOf, from, stored } from './settling.ts';

const SAME_TIME = { ahead: 0 };
const rules: LoadRules = { ...RULES, fuseShare: 1 };

describe('a write whose reply is lost', () => {
  it('is known again, and nothing waits or is loaded twice', async () => {
    const world = newWorld();
    world.doris.refuses = (line) => line.includes('refused');
    const { move } = world.ledger;
    world.ledger.move = async (key, wanted) => {
      await move(key, wanted);
      return move(key, wanted);
    };
    const kinds: Nature[] = ['good', 'refused', 'broken', 'good'];

    expect(await world.invoke(batchOf(shardOf(kinds)), { ...rules, limits: { ...rules.limits, maxRows: 2 } })).toEqual({ kind: 'settled' });

    expectExactlyOnce(world, kinds);
    expect(world.clock.elapsed()).toBe(0);
    expect(world.events.filter((event) => event.kind === 'load' && event.replay)).toEqual([]);
  });
});

describe('a successor with a shorter batch', () => {
  it('does not drop a claim under which an attempt may have started while it asked for the label', async () => {
    const world = newWorld();
    const kinds: Nature[] = ['good', 'good', 'good'];
    await expect(world.invoke(batchOf(shardOf(kinds)), rules, { call: 2, effect: 'before' })).rejects.toThrow(Killed);
    const { labelState } = world.doris;
    world.doris.labelState = async (...question) => {
      const state = await labelState(...question);
      world.clock.advance(seconds(20));
      return state;
    };

    expect(await world.invoke(batchOf(shardOf(kinds).slice(0, 2)), rules)).toEqual(from(0));

    expect(claimOf(world)?.rows).toBe(3);
    expect(world.doris.calls).toEqual([]);
  });

  it('does not drop a claim that its holder has renewed meanwhile', async () => {
    const world = newWorld();
    const kinds: Nature[] = ['good', 'good', 'good'];
    const zombie = startStepped(world, batchOf(shardOf(kinds)), rules, SAME_TIME, seconds(3));
    await zombie.step();
    world.clock.advance(seconds(20));
    await zombie.step();
    const { labelState } = world.doris;
    world.doris.labelState = async (...question) => {
      const state = await labelState(...question);
      while (claimOf(world)?.deadline === world.clock.now() - 17_000) await zombie.step();
      return state;
    };

    await world.invoke(batchOf(shardOf(kinds).slice(0, 2)), rules);
    while (!zombie.ended()) await zombie.step();

    expect(stored(world)).toEqual([0, 1, 2]);
  });
});

describe('a refusal while somebody else may still load under the label', () => {
  it('counts only once nobody may, for the table may be repaired in between', async () => {
    const world = newWorld();
    const kinds: Nature[] = ['good', 'refused'];
    world.doris.refuses = (line) => line.includes('refused');
    const zombie = startStepped(world, batchOf(shardOf(kinds)), rules, SAME_TIME, seconds(3));
    await zombie.step();
    await zombie.step();
    world.clock.sleep = async (span) => {
      world.doris.refuses = () => false;
      await zombie.step();
      world.clock.advance(span);
    };

    expect(await world.invoke(batchOf(shardOf(kinds)), rules), 'the zombie is loading').toEqual(from(0));
    while (!zombie.ended()) await zombie.step();
    expect(await world.invoke(batchOf(shardOf(kinds)), rules)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 1]);
    expect(world.letters).toEqual([]);
  });

  it('waits for no longer than the lease and the grace, and then finds the bad row', async () => {
    const world = newWorld();
    world.doris.refuses = (line) => line.includes('refused');
    await expect(world.invoke(batchOf(shardOf(['good', 'refused'])), rules, { call: 2, effect: 'before' })).rejects.toThrow(Killed);

    expect(await world.invoke(batchOf(shardOf(['good', 'refused'])), rules)).toEqual({ kind: 'settled' });

    expect(world.clock.elapsed()).toBe(8_000);
    expect(world.doris.calls.map(({ rows }) => rows)).toEqual([2, 2, 1, 1]);
    expectExactlyOnce(world, ['good', 'refused']);
  });

  it('leaves the claim to the next delivery when this one ends before that', async () => {
    const world = newWorld();
    world.doris.refuses = (line) => line.includes('refused');
    await expect(world.invoke(batchOf(shardOf(['good', 'refused'])), rules, { call: 2, effect: 'before' })).rejects.toThrow(Killed);
    const lease = world.clock.now() + 3_000;

    expect(await world.invokeWithin(seconds(8), batchOf(shardOf(['good', 'refused'])), rules)).toEqual(from(0));

    expect(claimOf(world)?.deadline).toBe(lease);
    world.clock.advance(millis(8_000));
    expect(await world.invokeWithin(seconds(8), batchOf(shardOf(['good', 'refused'])), rules)).toEqual({ kind: 'settled' });
    expect(world.clock.elapsed()).toBe(8_000);
  });
});

describe('an invocation that falls asleep with a verdict in its hands', () => {
  it('judges no row that its successor is loading into a repaired table', async () => {
    const world = newWorld();
    world.doris.refuses = (line) => line.includes('refused');
    const batch = batchOf(shardOf(['refused']));
    const zombie = startStepped(world, batch, rules, SAME_TIME, seconds(3));
    while (!world.events.some(({ kind }) => kind === 'load')) await zombie.step();
    const successor = startStepped(world, batch, rules, SAME_TIME, seconds(3));
    while (world.doris.calls.length < 2) await successor.step();

    world.doris.refuses = () => false;
    await zombie.step();
    while (!successor.ended()) await successor.step();
    while (!zombie.ended()) await zombie.step();

    expect(await world.invoke(batch, rules)).toEqual({ kind: 'settled' });
    expect(stored(world)).toEqual([0]);
    expect(world.letters).toEqual([]);
  });

  it('whose load is stored tells so even to a successor that has seen its claim open', async () => {
    const world = newWorld();
    const batch = batchOf(shardOf(['good', 'broken']));
    world.failLetters = new DeadLettersUnavailable('the queue is away');
    const first = startStepped(world, batch, rules, SAME_TIME, seconds(3));
    while (!world.events.some(({ kind }) => kind === 'load')) await first.step();
    const successor = startStepped(world, batch, rules, SAME_TIME, seconds(3));
    await successor.step();

    while (!first.ended()) await first.step();
    world.doris.forget();
    world.failLetters = undefined;
    while (!successor.ended()) await successor.step();

    expect(await world.invoke(batch, rules)).toEqual({ kind: 'settled' });
    expectExactlyOnce(world, ['good', 'broken']);
  });

  it('that judged a row tells so even to a successor that has seen its claim open', async () => {
    const world = newWorld();
    world.doris.refuses = (line) => line.includes('refused');
    const batch = batchOf(shardOf(['refused']));
    const first = startStepped(world, batch, rules, SAME_TIME, seconds(3));
    while (!world.events.some(({ kind }) => kind === 'load')) await first.step();
    const successor = startStepped(world, batch, rules, SAME_TIME, seconds(3));
    await successor.step();

    while (world.letters.length === 0) await first.step();
    world.doris.refuses = () => false;
    while (!successor.ended()) await successor.step();
    while (!first.ended()) await first.step();

    expect(stored(world)).toEqual([]);
    expect(new Set(world.letters.map(({ record }) => record.itemIdentifier))).toEqual(new Set(['1000']));
  });

  it('without a load lets go of nothing that its successor is loading', async () => {
    const world = newWorld();
    const records = shardOf(['good', 'good']);
    const first = startStepped(world, batchOf(records), rules, SAME_TIME, seconds(3));
    await first.step();
    await first.step();
    world.clock.advance(seconds(9));
    const successor = startStepped(world, batchOf(records), rules, SAME_TIME, seconds(3));
    while (world.doris.calls.length === 0) await successor.step();

    while (!first.ended()) await first.step();
    world.clock.advance(seconds(9));
    expect(await world.invoke(batchOf(records.slice(0, 1)), rules), 'the successor is loading').toEqual(from(0));
    while (!successor.ended()) await successor.step();

    expect(stored(world)).toEqual([0, 1]);
  });
});
