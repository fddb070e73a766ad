import { beforeEach, describe, expect, it } from 'vitest';
import { DeadLettersUnavailable } from '../../../lib/dead-letter/letter.ts';
import { batchOf, type Nature, shardOf } from '../../support/shard.ts';
import { Killed, newWorld, RULES, type World } from '../../support/world.ts';
import { CHECKPOINT, claimOf, stored } from './settling.ts';

const SETTLED = { kind: 'settled' };
const JUDGED: readonly Nature[] = ['broken', 'broken', 'good'];
/** As a release reads them that takes for rows what was none. */
const ANEW: readonly Nature[] = ['good', 'good', 'good'];

let world: World;
const letters = (): string[] => world.letters.map(({ record }) => record.itemIdentifier);
const through = () => world.ledger.checkpoints.get(CHECKPOINT)?.through;

beforeEach(() => {
  world = newWorld();
});

describe('records that are no rows', () => {
  it('are dead letters for good once one letter may have gone out, whatever the rules say when they come again', async () => {
    const poison = JUDGED.slice(0, 2);
    await world.invoke(batchOf(shardOf(poison)), RULES);
    const { calls } = world;

    for (let call = 1; call <= calls; call++) {
      for (const effect of ['before', 'after'] as const) {
        world = newWorld();
        await expect(world.invoke(batchOf(shardOf(poison)), RULES, { call, effect })).rejects.toThrow(Killed);
        const sent = new Set(letters());

        expect(await world.invoke(batchOf(shardOf(ANEW)), RULES)).toEqual(SETTLED);

        const where = `killed ${effect} call ${call}`;
        const both = letters().filter((id) => stored(world).includes(Number(id) - 1000));
        expect(both, where).toEqual([]);
        expect(
          [...sent].every((id) => letters().includes(id)),
          where,
        ).toBe(true);
        expect(new Set([...letters(), ...stored(world).map((n) => String(1000 + n))]), where).toEqual(new Set(['1000', '1001', '1002']));
        expect(claimOf(world), where).toBeUndefined();
      }
    }
  });

  it('say in their letters that the rules changed since they were judged', async () => {
    await expect(world.invoke(batchOf(shardOf(JUDGED.slice(0, 1))), RULES, { call: 1, effect: 'after' })).rejects.toThrow(Killed);

    await world.invoke(batchOf(shardOf(ANEW)), RULES);

    expect(world.letters.map(({ fault }) => fault)).toEqual([
      { errorClass: 'decode', reason: expect.stringContaining('judged to be no row when it came first') },
    ]);
    expect(stored(world)).toEqual([1, 2]);
  });

  it('come again a part at a time, and stay what they are', async () => {
    await expect(world.invoke(batchOf(shardOf(JUDGED.slice(0, 2))), RULES, { call: 2, effect: 'after' })).rejects.toThrow(Killed);

    expect(await world.invoke(batchOf(shardOf(ANEW).slice(0, 1)), RULES)).toEqual(SETTLED);
    expect(await world.invoke(batchOf(shardOf(ANEW).slice(1)), RULES)).toEqual(SETTLED);

    expect(stored(world)).toEqual([2]);
    expect(new Set(letters())).toEqual(new Set(['1000', '1001']));
  });

  it('wait while the dead letters take none, and move the watermark then', async () => {
    world.failLetters = new DeadLettersUnavailable('away');
    expect((await world.invoke(batchOf(shardOf(JUDGED)), RULES)).kind).toBe('unsettled');
    expect((await world.invoke(batchOf(shardOf(['broken', 'broken'])), RULES)).kind).toBe('unsettled');
    expect(through()).toBeUndefined();

    world.failLetters = undefined;
    expect(await world.invoke(batchOf(shardOf(JUDGED)), RULES)).toEqual(SETTLED);
    expect(stored(world)).toEqual([2]);
    expect(letters()).toEqual(['1000', '1001']);
  });

  it('take no more calls than before: a claim, their letters, and one write that claims what follows', async () => {
    await world.invoke(batchOf(shardOf(['broken'])), RULES);

    expect(world.calls).toBe(3);
  });
});
