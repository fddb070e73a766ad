import { describe, expect, it } from 'vitest';
import { LedgerUnavailable } from '../../../lib/ledger/checkpoint.ts';
import { type RedriveRunWorld, redriveRunWorld } from '../../support/redrive-run-world.ts';
import { RULES } from '../../support/world.ts';

const { defaultTarget: _table, ...NO_TABLE } = RULES.routing;
const MAPPED = { positionColumns: { source: '_source', shard: '_shard', position: '_position' } };

/** The loader sent the letter of a record that no table takes. */
async function lettered(): Promise<RedriveRunWorld> {
  const world = redriveRunWorld();
  world.routing = NO_TABLE;
  await world.deliver([{ n: 1 }]);
  world.routing = RULES.routing;
  return world;
}

/** It died before it settled the record, and then a rule was added. */
async function letteredAndKilled(): Promise<RedriveRunWorld> {
  const world = redriveRunWorld();
  const { move } = world.checkpoints;
  Object.assign(world.checkpoints, { move: () => Promise.reject(new LedgerUnavailable('killed')) });
  world.routing = NO_TABLE;
  await world.deliver([{ n: 1 }]);
  Object.assign(world.checkpoints, { move });
  world.routing = RULES.routing;
  expect(world.queue.bodies()).toEqual(['{"n":1}']);
  return world;
}

describe('the letter of a record that no table took', () => {
  it('is loaded into the table that takes it by now', async () => {
    const world = await lettered();

    expect(await world.run()).toMatchObject({ loaded: 1, left: [] });

    expect(world.stored()).toEqual([1]);
  });

  it('stays while the loader has not settled the record, which comes again and has a table then', async () => {
    const world = await letteredAndKilled();

    expect(await world.run()).toMatchObject({
      loaded: 0,
      left: [{ fate: 'unverifiable', reason: expect.stringContaining('the loader has not settled it') }],
    });
    await world.deliver([{ n: 1 }]);
    await world.run();

    expect(world.stored()).toEqual([1]);
    expect(world.queue.bodies()).toHaveLength(1);
  });

  it('is loaded all the same when the operator asks for it', async () => {
    const world = await letteredAndKilled();

    expect(await world.run({}, undefined, { reloadUnverifiable: true })).toMatchObject({ loaded: 1 });
  });

  it('goes when position columns tell that the record was loaded after all', async () => {
    const world = await letteredAndKilled();
    await world.deliver([{ n: 1 }]);
    world.routing = NO_TABLE;
    await world.deliver([{ n: 2 }]);
    world.routing = RULES.routing;
    world.doris.counted = ({ position: { first, last } }) => ({ kind: 'told', value: Number(first.endsWith('1001') && first === last) });

    expect(await world.run({}, undefined, MAPPED)).toMatchObject({ loaded: 2, before: 1, left: [] });

    expect(world.stored()).toEqual([1, 2]);
  });

  it('stays while the table that may have it does not answer', async () => {
    const world = await lettered();
    world.doris.counted = () => ({ kind: 'unreachable', reason: 'no answer' });

    expect(await world.run({}, undefined, MAPPED)).toMatchObject({ loaded: 0, left: [{ fate: 'kept', reason: 'no answer' }] });
  });
});
