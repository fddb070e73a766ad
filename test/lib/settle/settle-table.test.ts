import { describe, expect, it } from 'vitest';
import { LedgerUnavailable } from '../../../lib/ledger/checkpoint.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import { seconds } from '../../../lib/units.ts';
import { batchOf, shardOf } from '../../support/shard.ts';
import { newWorld, RULES } from '../../support/world.ts';
import { CHECKPOINT, eventsOf, from, good, stored, TWO_ROW_LOADS } from './settling.ts';

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

    await world.invoke(batchOf(shardOf(good(6))), TWO_ROW_LOADS);

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

  it('that was decoded in part comes again from where decoding stopped', async () => {
    const world = newWorld();

    expect(await world.invoke({ ...batchOf(shardOf(good(2))), leftFrom: '1002' }, RULES)).toEqual(from(2));
    world.doris.script.push({ stored: false, outcome: 'unavailable' });
    expect(await world.invoke({ ...batchOf(shardOf(good(4)).slice(2)), leftFrom: '1004' }, RULES)).toEqual(from(2));
  });

  it('claims nothing that it has no time to load', async () => {
    const world = newWorld();
    const { load } = world.doris;
    world.doris.load = async (wanted, deadline) => {
      const outcome = await load(wanted, deadline);
      world.clock.advance(seconds(9.5));
      return outcome;
    };

    expect(await world.invokeWithin(seconds(10), batchOf(shardOf(good(4))), TWO_ROW_LOADS)).toEqual(from(2));
    expect(world.calls).toBe(3);
    expect(world.ledger.checkpoints.get(CHECKPOINT)?.claim).toBeUndefined();
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
