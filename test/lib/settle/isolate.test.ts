import { describe, expect, it } from 'vitest';
import { DeadLettersUnavailable } from '../../../lib/dead-letter/letter.ts';
import { seconds } from '../../../lib/units.ts';
import { batchOf, type Nature, shardOf } from '../../support/shard.ts';
import { newWorld, RULES, type World } from '../../support/world.ts';
import { eventsOf, from, good, stored } from './settling.ts';

describe('poison', () => {
  const refuse = (world: World): void => {
    world.doris.refuses = (line) => line.includes('refused');
  };

  it('costs its own row and no other, with the reason of Doris', async () => {
    const world = newWorld();
    refuse(world);

    expect(await world.invoke(batchOf(shardOf(['good', 'good', 'refused', 'good', 'broken', 'good'])), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 1, 3, 5]);
    expect(world.letters.map(({ record, fault }) => [record.itemIdentifier, fault.errorClass, fault.reason])).toEqual([
      ['1002', 'data-quality', 'column(n) is bad'],
      ['1004', 'decode', 'payload is not JSON'],
    ]);
  });

  it('carries the label of the load that refused it', async () => {
    const world = newWorld();
    refuse(world);

    await world.invoke(batchOf(shardOf(['good', 'refused'])), RULES);

    const refused = world.doris.calls.filter(({ rows }) => rows === 1).at(-1);
    expect(world.letters[0]?.label).toBe(refused?.label);
  });

  it('without any row needs no load and moves the watermark', async () => {
    const world = newWorld();

    expect(await world.invoke(batchOf(shardOf(['broken', 'broken'])), RULES)).toEqual({ kind: 'settled' });
    expect(await world.invoke(batchOf(shardOf(['broken', 'broken'])), RULES)).toEqual({ kind: 'settled' });

    expect(world.doris.calls).toHaveLength(0);
    expect(world.letters).toHaveLength(2);
  });

  it('without any row around it stays with the source until the queue has taken it', async () => {
    const world = newWorld();
    world.failLetters = new DeadLettersUnavailable('the queue is away');

    expect(await world.invoke(batchOf(shardOf(['broken'])), RULES)).toEqual(from(0));
    world.failLetters = undefined;
    expect(await world.invoke(batchOf(shardOf(['broken'])), RULES)).toEqual({ kind: 'settled' });

    expect(world.letters).toHaveLength(1);
  });

  it('keeps its record in the source until the queue has taken it, and the rows around it are stored once', async () => {
    const world = newWorld();
    world.failLetters = new DeadLettersUnavailable('the queue is away');

    expect(await world.invoke(batchOf(shardOf(['good', 'broken', 'good'])), RULES)).toEqual(from(0));
    world.doris.forget();
    world.failLetters = undefined;
    expect(await world.invoke(batchOf(shardOf(['good', 'broken', 'good'])), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 2]);
    expect(world.letters).toHaveLength(1);
  });

  it('that Doris refused stays with the source until the queue has taken it, and stays judged though the table is mended meanwhile', async () => {
    const world = newWorld();
    refuse(world);
    world.failLetters = new DeadLettersUnavailable('the queue is away');

    expect(await world.invoke(batchOf(shardOf(['good', 'refused', 'good'])), RULES)).toEqual(from(1));
    world.doris.refuses = () => false;
    expect(await world.invoke(batchOf(shardOf(['good', 'refused', 'good']).slice(1)), RULES)).toEqual(from(1));
    world.failLetters = undefined;
    expect(await world.invoke(batchOf(shardOf(['good', 'refused', 'good']).slice(1)), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 2]);
    expect(world.letters.map(({ record, fault }) => [record.itemIdentifier, fault.reason])).toEqual([['1001', 'column(n) is bad']]);
  });

  it('in more than half of the rows is a schema mistake: nothing is drained, and all is loaded once the table is mended', async () => {
    const world = newWorld();
    refuse(world);
    const kinds: Nature[] = [...good(9), ...Array.from({ length: 11 }, () => 'refused' as const)];

    expect(await world.invoke(batchOf(shardOf(kinds)), RULES)).toEqual(from(0));
    expect(world.letters).toEqual([]);
    expect(eventsOf(world, 'fuse-blown')).toMatchObject([{ bad: 11, of: 20 }]);
    world.doris.refuses = () => false;
    world.clock.advance(seconds(2));
    expect(await world.invoke(batchOf(shardOf(kinds)), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toHaveLength(20);
  });

  it('in a long run inside a batch is no schema mistake', async () => {
    const world = newWorld();
    refuse(world);
    const kinds: Nature[] = [...good(200), ...Array.from({ length: 80 }, () => 'refused' as const), ...good(200)];

    expect(await world.invoke(batchOf(shardOf(kinds)), RULES)).toEqual({ kind: 'settled' });
    expect(world.letters).toHaveLength(80);
    expect(stored(world)).toHaveLength(400);
  });

  it('spends a bounded number of loads an invocation and goes on with the next', async () => {
    const world = newWorld();
    refuse(world);
    const kinds = good(64).map((nature, n): Nature => (n % 16 === 5 ? 'refused' : nature));
    const frugal = { ...RULES, isolationLoads: 6 };
    let records = shardOf(kinds);

    for (let turn = 0; records.length > 0 && turn < 20; turn++) {
      const before = world.doris.calls.length;
      const settlement = await world.invoke(batchOf(records), frugal);
      expect(world.doris.calls.length - before).toBeLessThanOrEqual(7);
      records =
        settlement.kind === 'settled' ? [] : records.slice(records.findIndex(({ record }) => record.itemIdentifier === settlement.from));
    }

    expect(records).toEqual([]);
    expect(world.letters).toHaveLength(4);
    expect(stored(world)).toHaveLength(60);
  });
});

describe('a fuse that has blown', () => {
  it('opens the breaker at once, so that people see it and the shard is tried ever more rarely until one has mended the table', async () => {
    const world = newWorld();
    world.doris.refuses = (line) => line.includes('refused');
    const kinds = Array.from({ length: 20 }, (): Nature => 'refused');
    expect(await world.invoke(batchOf(shardOf(kinds)), RULES)).toEqual(from(0));

    expect(await world.invoke(batchOf(shardOf(kinds)), RULES)).toEqual(from(0));

    expect(world.doris.calls).toHaveLength(1);
    expect(world.calls).toBe(0);
    expect(world.letters).toEqual([]);
  });
});
