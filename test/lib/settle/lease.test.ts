import { describe, expect, it } from 'vitest';
import type { LoadRules } from '../../../lib/pipeline.ts';
import type { Load, LoadOutcome } from '../../../lib/ports.ts';
import { epochMillis, millis, seconds } from '../../../lib/units.ts';
import { batchOf, SHARD, shardOf } from '../../support/shard.ts';
import { Killed, newWorld, RULES, type World } from '../../support/world.ts';
import { claimOf, from, good, stored } from './settling.ts';

const rules: LoadRules = { ...RULES, fuseShare: 1 };

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

  it('is taken anew when it was given back while waiting for others', async () => {
    const world = newWorld();
    world.doris.refuses = (line) => line.includes('refused');
    const batch = batchOf(shardOf(['good', 'refused']));
    await expect(world.invoke(batch, rules, { call: 2, effect: 'before' })).rejects.toThrow(Killed);
    world.clock.advance(seconds(6));
    const left: number[] = [];
    onLoad(world, async ({ mayStart }, go) => {
      await mayStart();
      left.push((claimOf(world)?.deadline ?? 0) - world.clock.now());
      return go();
    });

    expect(await world.invoke(batch, rules)).toEqual({ kind: 'settled' });

    expect(world.clock.elapsed(), 'lease and grace of the one before').toBe(8_000);
    expect(left).toEqual([3_000, 3_000, 3_000, 3_000]);
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

describe('a claim whose holder had a clock that is an hour ahead', () => {
  const shard = shardOf(good(3));

  /** The holder dies before its attempt. */
  async function claimedAhead(world: World): Promise<void> {
    await expect(world.invoke(batchOf(shard), rules, { call: 2, effect: 'before' })).rejects.toThrow(Killed);
    const claim = claimOf(world);
    if (claim === undefined) throw new Error('no claim');
    const key = { loader: 'test', source: SHARD, target: 'db.t' };
    const ahead = { ...claim, deadline: epochMillis(claim.deadline + 3_600_000) };
    await world.ledger.move(key, { expect: { kind: 'holding', label: claim.label }, claim: ahead });
  }

  it('is resolved without its records as soon as any other', async () => {
    const world = newWorld();
    await claimedAhead(world);
    const part = batchOf(shard.slice(0, 2));

    expect(await world.invoke(part, rules)).toEqual(from(0));
    expect(claimOf(world)?.deadline).toBe(world.clock.now() + 3_000);
    world.clock.advance(millis(7_999));
    expect(await world.invoke(part, rules)).toEqual(from(0));
    world.clock.advance(millis(1));
    expect(await world.invoke(part, rules)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 1]);
  });

  it('does not keep a bad row from being found in the next delivery', async () => {
    const world = newWorld();
    await claimedAhead(world);
    world.doris.refuses = (line) => line.includes('1');

    expect(await world.invoke(batchOf(shard), rules)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 2]);
    expect(world.letters.map(({ record }) => record.itemIdentifier)).toEqual(['1001']);
  });
});
