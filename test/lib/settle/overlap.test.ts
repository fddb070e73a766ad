import { describe, expect, it } from 'vitest';
import type { LoadRules } from '../../../lib/pipeline.ts';
import type { Load, LoadOutcome } from '../../../lib/ports.ts';
import { epochMillis, millis, seconds } from '../../../lib/units.ts';
import { expectExactlyOnce } from '../../support/exactly-once.ts';
import { startStepped } from '../../support/interleaving.ts';
import { keyText } from '../../support/memory-ledger.ts';
import { batchOf, type Nature, numbersIn, SHARD, shardOf } from '../../support/shard.ts';
import { Killed, newWorld, RULES, type World } from '../../support/world.ts';

const CHECKPOINT = keyText({ loader: 'test', source: SHARD, target: 'db.t' });
const SAME_TIME = { ahead: 0 };
const rules: LoadRules = { ...RULES, fuseShare: 1 };

const stored = (world: World): number[] => numbersIn(world.doris.tables.get('db.t'));
const from = (n: number) => ({ kind: 'unsettled', from: String(1000 + n) });
const claimOf = (world: World) => world.ledger.checkpoints.get(CHECKPOINT)?.claim;

/** Puts something between the loader's call of Doris and what Doris does. */
function onLoad(world: World, instead: (load: Load, go: () => Promise<LoadOutcome>) => Promise<LoadOutcome>): void {
  const { load } = world.doris;
  world.doris.load = (wanted, deadline) => instead(wanted, () => load(wanted, deadline));
}

const NOT_ALLOWED = { kind: 'unavailable', attempts: 0, reason: 'no permission' } as const;

describe('a lease', () => {
  it('that was lost to somebody else permits no attempt ever after, though another frontend asks at once', async () => {
    const world = newWorld();
    const permissions: boolean[] = [];
    onLoad(world, async ({ mayStart }) => {
      world.clock.advance(seconds(4));
      onLoad(world, (_, go) => go());
      await world.invoke(batchOf(shardOf(['good', 'good'])), rules, { call: 3, effect: 'before' }).catch(() => undefined);
      permissions.push(await mayStart(), await mayStart());
      return NOT_ALLOWED;
    });

    await world.invoke(batchOf(shardOf(['good', 'good'])), rules);

    expect(permissions).toEqual([false, false]);
  });

  it('is renewed in the ledger when it is over, and tells so to whoever comes next', async () => {
    const world = newWorld();
    const permissions: boolean[] = [];
    onLoad(world, async ({ mayStart }) => {
      world.clock.advance(seconds(2));
      permissions.push(await mayStart());
      world.clock.advance(seconds(2));
      permissions.push(await mayStart());
      expect(claimOf(world)?.deadline).toBe(world.clock.now() + 3_000);
      return { kind: 'unknown', attempts: 1, reason: 'reply lost' };
    });

    await world.invoke(batchOf(shardOf(['good'])), rules);

    expect(permissions).toEqual([true, true]);
    expect(claimOf(world)?.deadline, 'no attempt starts after this').toBe(world.clock.now());
  });

  it('permits nothing when its renewal took longer than it runs', async () => {
    const world = newWorld();
    const { move } = world.ledger;
    const permissions: boolean[] = [];
    onLoad(world, async ({ mayStart }) => {
      world.clock.advance(seconds(4));
      world.ledger.move = async (key, wanted) => {
        world.clock.advance(seconds(4));
        return move(key, wanted);
      };
      permissions.push(await mayStart());
      return NOT_ALLOWED;
    });

    await world.invoke(batchOf(shardOf(['good'])), rules);

    expect(permissions).toEqual([false]);
  });

  it('is over by the wall clock too, when the machine stood still and its own clock with it', async () => {
    const world = newWorld();
    const { now } = world.clock;
    onLoad(world, async ({ mayStart }, go) => {
      world.clock.now = () => epochMillis(now() + 10_000);
      expect(await mayStart()).toBe(true);
      expect(claimOf(world)?.deadline).toBe(now() + 13_000);
      return go();
    });

    expect(await world.invoke(batchOf(shardOf(['good'])), rules)).toEqual({ kind: 'settled' });
  });

  it('whose renewal lost its reply is not taken for somebody else’s', async () => {
    const world = newWorld();
    const { move } = world.ledger;
    onLoad(world, async (_, go) => {
      world.clock.advance(seconds(4));
      world.ledger.move = async (key, wanted) => {
        world.ledger.move = move;
        await move(key, wanted);
        return move(key, wanted);
      };
      return go();
    });

    expect(await world.invoke(batchOf(shardOf(['good'])), rules)).toEqual({ kind: 'settled' });
    expect(stored(world)).toEqual([0]);
  });
});

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
});

describe('a claim that is taken over', () => {
  it('carries the lease of whoever took it over, for those who come third', async () => {
    const world = newWorld();
    const batch = batchOf(shardOf(['good']));
    await expect(world.invoke(batch, rules, { call: 2, effect: 'before' })).rejects.toThrow(Killed);
    world.clock.advance(seconds(60));

    await expect(world.invoke(batch, rules, { call: 3, effect: 'before' })).rejects.toThrow(Killed);

    expect(claimOf(world)?.deadline).toBe(world.clock.now() + 3_000);
  });
});
