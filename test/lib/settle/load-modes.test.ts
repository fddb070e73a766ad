import { describe, expect, it } from 'vitest';
import type { LoadMode } from '../../../lib/ports.ts';
import type { LoaderEvent } from '../../../lib/telemetry.ts';
import { type Millis, seconds } from '../../../lib/units.ts';
import { concluded } from '../../support/memory-doris.ts';
import { batchOf, type Nature, shardOf } from '../../support/shard.ts';
import { type Kill, Killed, newWorld, RULES, type World } from '../../support/world.ts';
import { claimOf, good, stored } from './settling.ts';

const SETTLED = { kind: 'settled' } as const;

function eventsOf<K extends LoaderEvent['kind']>(world: World, kind: K) {
  return world.events.filter((event): event is LoaderEvent & { kind: K } => event.kind === kind);
}

function worldIn(mode: LoadMode): World {
  const world = newWorld();
  world.doris.mode = mode;
  return world;
}

/** A world in which an invocation with 4 records died, and time has passed since. Its calls: 1 claim, 2 load, 3 note, then settle. */
async function afterKill(mode: LoadMode, kill: Kill, pause: Millis): Promise<World> {
  const world = worldIn(mode);
  await expect(world.invoke(batchOf(shardOf(good(4))), RULES, kill)).rejects.toThrow(Killed);
  world.clock.advance(pause);
  return world;
}

const BEFORE_NOTE: Kill = { call: 3, effect: 'before' };
const BEFORE_COMMIT: Kill = { call: 3, effect: 'after' };

describe('a load in two phases', () => {
  it('is invisible until the ledger says that its rows may be seen', async () => {
    const world = worldIn('two-phase');
    const { commit } = world.doris;
    const seen: unknown[] = [];
    world.doris.load = async (load, deadline) => {
      const end = world.doris.begin(load).end();
      seen.push([claimOf(world)?.state.kind, stored(world)]);
      return concluded(world.doris, load, end, deadline);
    };
    world.doris.commit = (...wanted) => {
      seen.push([claimOf(world)?.state.kind, stored(world)]);
      return commit(...wanted);
    };

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual(SETTLED);

    expect(seen).toEqual([
      ['unseen', []],
      ['open', []],
    ]);
    expect(stored(world)).toEqual([0, 1]);
  });

  it('costs one ledger write more than under a label, and settles together with the next claim', async () => {
    const limits = { ...RULES.limits, maxRows: 1 };
    const calls = async (mode: LoadMode) => {
      const world = worldIn(mode);
      await world.invoke(batchOf(shardOf(good(3))), { ...RULES, limits });
      return world.calls - world.doris.calls.length;
    };

    expect(await calls('labelled')).toBe(4);
    expect(await calls('two-phase')).toBe(4 + 3);
  });

  it.each([
    ['before the note', BEFORE_NOTE, 'unseen'],
    ['before the commit', BEFORE_COMMIT, 'open'],
  ])('that was left precommitted %s is committed by the next delivery, and not put again', async (_, kill, state) => {
    const world = await afterKill('two-phase', kill, seconds(1));
    expect(claimOf(world)?.state.kind).toBe(state);
    expect(stored(world)).toEqual([]);

    expect(await world.invoke(batchOf(shardOf(good(4))), RULES)).toEqual(SETTLED);

    expect(stored(world)).toEqual([0, 1, 2, 3]);
    expect(world.doris.calls).toHaveLength(1);
  });

  it.each([
    ['before the note', BEFORE_NOTE],
    ['before the commit', BEFORE_COMMIT],
  ])('that was left precommitted %s is committed although its records do not come any more', async (_, kill) => {
    const world = await afterKill('two-phase', kill, seconds(1));

    expect(await world.invoke(batchOf(shardOf(good(6)).slice(2)), RULES)).toEqual(SETTLED);

    expect(stored(world)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(eventsOf(world, 'claim-resolved')).toMatchObject([{ consequence: 'loaded', because: 'precommitted, and committed now' }]);
  });

  it('that Doris has aborted since is loaded again', async () => {
    const world = await afterKill('two-phase', BEFORE_COMMIT, seconds(3600));
    world.doris.expirePrecommitted();

    expect(await world.invoke(batchOf(shardOf(good(4))), RULES)).toEqual(SETTLED);
    expect(stored(world)).toEqual([0, 1, 2, 3]);
  });

  it('that Doris aborts instead of committing it is not settled, and loaded again', async () => {
    const world = worldIn('two-phase');
    const { commit } = world.doris;
    world.doris.commit = (...wanted) => {
      world.doris.commit = commit;
      world.doris.expirePrecommitted();
      return commit(...wanted);
    };

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toMatchObject({ kind: 'unsettled' });
    expect(stored(world)).toEqual([]);

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual(SETTLED);
    expect(stored(world)).toEqual([0, 1]);
  });

  it('whose commit comes to nothing stays claimed, and is committed later', async () => {
    const world = worldIn('two-phase');
    const { commit } = world.doris;
    world.doris.commit = async () => ({ kind: 'unreachable', reason: 'no frontend answers' });
    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toMatchObject({ kind: 'unsettled' });
    expect(claimOf(world)?.state.kind).toBe('open');
    expect(await world.invoke(batchOf(shardOf(good(2)).slice(1)), RULES)).toMatchObject({ kind: 'unsettled' });
    world.doris.commit = commit;

    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toEqual(SETTLED);
    expect(stored(world)).toEqual([0, 1]);
  });

  it('needs no proof that Doris remembers its label until the note is written: nothing of it can be visible', async () => {
    const world = await afterKill('two-phase', { call: 1, effect: 'after' }, seconds(48 * 3600));

    expect(await world.invoke(batchOf(shardOf(good(4))), RULES)).toEqual(SETTLED);
    expect(stored(world)).toEqual([0, 1, 2, 3]);
  });

  it('needs that proof once the note is written', async () => {
    const world = await afterKill('two-phase', BEFORE_COMMIT, seconds(48 * 3600));
    world.doris.forget();

    expect(await world.invoke(batchOf(shardOf(good(4))), RULES)).toMatchObject({ kind: 'unsettled' });
    expect(eventsOf(world, 'unsettled').at(-1)?.reason).toMatch(/^unverifiable/);
  });

  it('needs that proof from the note on in the invocation that wrote it, too', async () => {
    const world = worldIn('two-phase');
    const memories: unknown[] = [];
    world.doris.load = async (load) => {
      world.clock.advance(seconds(13 * 3600));
      memories.push(await load.wouldBeKnown(), await load.mayCommit(), await load.wouldBeKnown());
      world.clock.advance(seconds(13 * 3600));
      memories.push(await load.wouldBeKnown());
      return { kind: 'unknown', attempts: 1, reason: 'asked' };
    };

    await world.invoke(batchOf(shardOf(good(1))), RULES);

    expect(memories).toEqual(['young', true, 'young', 'doubtful']);
  });

  it('that begins long after its claim was taken away is never visible', async () => {
    const world = worldIn('two-phase');
    const { load } = world.doris;
    world.doris.load = async (wanted, deadline) => {
      world.doris.load = load;
      expect(await wanted.mayStart()).toBe(true);
      world.clock.advance(seconds(30));
      expect(await world.invoke(batchOf(shardOf(good(3))), RULES)).toEqual(SETTLED);
      return concluded(world.doris, wanted, world.doris.begin(wanted).end(), deadline);
    };

    await world.invoke(batchOf(shardOf(good(4))), RULES);
    await world.invoke(batchOf(shardOf(good(4))), RULES);

    expect(stored(world)).toEqual([0, 1, 2, 3]);
    expect(eventsOf(world, 'claim-lost')).toEqual([]);
  });

  it('is isolated from its bad rows as under a label', async () => {
    const world = worldIn('two-phase');
    world.doris.refuses = (line) => line.includes('refused');
    const kinds: Nature[] = ['good', 'good', 'refused', 'good', 'refused', 'good', 'good'];

    expect(await world.invoke(batchOf(shardOf(kinds)), { ...RULES, fuseShare: 1 })).toEqual(SETTLED);

    expect(stored(world)).toEqual([0, 1, 3, 5, 6]);
    expect(world.letters).toHaveLength(2);
  });

  it.each<LoadMode>(['labelled', 'group-commit-may-duplicate'])('that was left precommitted is committed in mode %s, too', async (mode) => {
    const world = await afterKill('two-phase', BEFORE_NOTE, seconds(1));
    world.doris.mode = mode;

    expect(await world.invoke(batchOf(shardOf(good(4))), RULES)).toEqual(SETTLED);

    expect(stored(world)).toEqual([0, 1, 2, 3]);
    expect(world.doris.calls).toHaveLength(1);
  });

  it('takes nothing of a claim that was made under a label for invisible', async () => {
    const world = await afterKill('labelled', { call: 2, effect: 'after' }, seconds(48 * 3600));
    world.doris.mode = 'two-phase';
    world.doris.forget();

    expect(await world.invoke(batchOf(shardOf(good(4))), RULES)).toMatchObject({ kind: 'unsettled' });
    expect(stored(world)).toEqual([0, 1, 2, 3]);
  });
});

const GROUP = 'group-commit-may-duplicate';

describe('a load through group commit', () => {
  it('whose reply was lost is loaded again under the same cut, and then settled', async () => {
    const world = worldIn(GROUP);
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    expect(await world.invoke(batchOf(shardOf(good(2))), RULES)).toMatchObject({ kind: 'unsettled' });

    expect(await world.invoke(batchOf(shardOf(good(3))), RULES)).toEqual(SETTLED);

    expect(stored(world)).toEqual([0, 1, 0, 1, 2]);
    expect(world.doris.calls.map(({ rows }) => rows)).toEqual([2, 2, 1]);
  });

  it('is loaded again however long ago it was, since nothing can be asked of it', async () => {
    const world = await afterKill(GROUP, { call: 2, effect: 'after' }, seconds(48 * 3600));

    expect(await world.invoke(batchOf(shardOf(good(4))), RULES)).toEqual(SETTLED);
    expect(stored(world)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });

  it('whose records come in another cut is told to be reloaded', async () => {
    const world = await afterKill(GROUP, { call: 2, effect: 'after' }, seconds(60));

    expect(await world.invoke(batchOf(shardOf(good(4)).slice(0, 2)), RULES)).toEqual(SETTLED);

    expect(eventsOf(world, 'claim-resolved')).toMatchObject([{ consequence: 'reloaded', because: 'it was put without a label' }]);
    expect(stored(world)).toEqual([0, 1, 2, 3, 0, 1]);
  });

  it('is trimmed by what the ledger knows to be settled', async () => {
    const world = worldIn(GROUP);
    await world.invoke(batchOf(shardOf(good(3))), RULES);

    expect(await world.invoke(batchOf(shardOf(good(5)).slice(1)), RULES)).toEqual(SETTLED);
    expect(stored(world)).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives its bad rows to the dead letters, though its good ones were stored beside them', async () => {
    const world = worldIn(GROUP);
    world.doris.refuses = (line) => line.includes('refused');

    expect(await world.invoke(batchOf(shardOf(['good', 'refused', 'good', 'good'])), { ...RULES, fuseShare: 1 })).toEqual(SETTLED);

    expect(new Set(stored(world))).toEqual(new Set([0, 2, 3]));
    expect(world.letters.map(({ fault }) => fault.errorClass)).toEqual(['data-quality']);
  });

  it('finds the rows of a load that was left in doubt under a label, when Doris knows it', async () => {
    const world = await afterKill('labelled', { call: 2, effect: 'after' }, seconds(60));
    world.doris.mode = GROUP;

    expect(await world.invoke(batchOf(shardOf(good(4))), RULES)).toEqual(SETTLED);
    expect(stored(world)).toEqual([0, 1, 2, 3]);
  });
});
