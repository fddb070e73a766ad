import { describe, expect, it } from 'vitest';
import { DeadLettersUnavailable } from '../../../lib/dead-letter/letter.ts';
import { ContractViolation } from '../../../lib/errors.ts';
import type { LoadRules } from '../../../lib/pipeline.ts';
import { mebibytes } from '../../../lib/units.ts';
import { batchOf, numbersIn, shardOf, shardRecord } from '../../support/shard.ts';
import { newWorld, RULES } from '../../support/world.ts';
import { from, good, stored } from './settling.ts';

describe('several tables', () => {
  const rules: LoadRules = {
    ...RULES,
    routing: {
      rules: [{ field: 'nature', equals: 'refused', target: { database: 'db', table: 'other' } }],
      defaultTarget: { database: 'db', table: 't' },
      maxRowBytes: RULES.routing.maxRowBytes,
      maxBatchBytes: RULES.routing.maxBatchBytes,
    },
  };

  it('are settled without waiting for each other, and the lowest open record comes again', async () => {
    const world = newWorld();
    const load = world.doris.load;
    world.doris.load = async (wanted, deadline) =>
      wanted.target.table === 'other' ? { kind: 'unavailable', reason: 'down', attempts: 1 } : load(wanted, deadline);

    expect(await world.invoke(batchOf(shardOf(['good', 'refused', 'good', 'refused'])), rules)).toEqual(from(1));
    world.doris.load = load;
    expect(await world.invoke(batchOf(shardOf(['good', 'refused', 'good', 'refused']).slice(1)), rules)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 2]);
    expect(numbersIn(world.doris.tables.get('db.other'))).toEqual([1, 3]);
  });

  it('refuse a record that changes tables on its way, for below the other watermark nobody would miss it', async () => {
    const world = newWorld();
    const { load } = world.doris;
    world.doris.load = async (wanted, deadline) =>
      wanted.target.table === 'other' ? { kind: 'unavailable', reason: 'down', attempts: 1 } : load(wanted, deadline);
    const batch = batchOf(shardOf(['refused', 'good']));
    expect(await world.invoke(batch, rules)).toEqual(from(0));
    world.doris.load = load;

    await expect(world.invoke(batch, RULES)).rejects.toThrow('Restore the former settings');
    expect(await world.invoke(batch, rules)).toEqual({ kind: 'settled' });
    expect(await world.invoke(batchOf(shardOf(good(4)).slice(2)), RULES)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([1, 2, 3]);
    expect(numbersIn(world.doris.tables.get('db.other'))).toEqual([0]);
  });

  it('may change beside a table whose records stay the same', async () => {
    const world = newWorld();
    const { load } = world.doris;
    world.doris.load = async (wanted, deadline) =>
      wanted.target.table === 'other' ? { kind: 'rejected-config', reason: 'unknown table', attempts: 1 } : load(wanted, deadline);
    const batch = batchOf(shardOf(['refused', 'good']));
    expect(await world.invoke(batch, rules)).toEqual(from(0));

    const mended: LoadRules = {
      ...rules,
      routing: { ...rules.routing, rules: [{ field: 'nature', equals: 'refused', target: { database: 'db', table: 'mended' } }] },
    };
    expect(await world.invoke(batch, mended)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([1]);
    expect(numbersIn(world.doris.tables.get('db.mended'))).toEqual([0]);
  });

  it('refuse a record that could not be read before, for where poison went nobody would miss it', async () => {
    const world = newWorld();
    world.failLetters = new DeadLettersUnavailable('the queue is away');
    expect(await world.invoke(batchOf(shardOf(['good', 'broken', 'good'])), rules)).toEqual(from(1));
    world.failLetters = undefined;
    const larger: LoadRules = { ...rules, routing: { ...rules.routing, maxRowBytes: mebibytes(2) } };

    await expect(world.invoke(batchOf(shardOf(good(3)).slice(1)), larger)).rejects.toThrow('MAX_ROW_BYTES');
    expect(stored(world)).toEqual([0, 2]);
  });

  it('get labels of their own for records at the same positions', async () => {
    const world = newWorld();
    await world.invoke(batchOf([shardRecord(0), shardRecord(1, 'refused')]), rules);

    expect(new Set(world.doris.calls.map(({ label }) => label)).size).toBe(2);
  });
});

describe('a claim that was made under other settings', () => {
  it('is not passed over when its records now make another load', async () => {
    const world = newWorld();
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    await world.invoke(batchOf(shardOf(good(4))), RULES);

    const stricter = shardOf(['good', 'broken', 'good', 'good']);
    await expect(world.invoke(batchOf(stricter), RULES)).rejects.toThrow(ContractViolation);
  });

  it('decides no row that came into its span by another route since its load was stored', async () => {
    const world = newWorld();
    const split: LoadRules = {
      ...RULES,
      routing: { ...RULES.routing, rules: [{ field: 'nature', equals: 'refused', target: { database: 'db', table: 'other' } }] },
    };
    const records = shardOf(['good', 'refused', 'good']);
    const { load } = world.doris;
    world.doris.load = async (wanted, deadline) =>
      wanted.target.table === 'other' ? { kind: 'unavailable', reason: 'down', attempts: 1 } : load(wanted, deadline);
    world.doris.script.push({ stored: true, outcome: 'unknown' });
    expect(await world.invoke(batchOf(records), split)).toEqual(from(0));
    expect(await world.invoke(batchOf(records.slice(0, 2)), split)).toEqual(from(1));

    await expect(world.invoke(batchOf(records.slice(1)), RULES)).rejects.toThrow('Restore the former settings');
    world.doris.load = load;
    expect(await world.invoke(batchOf(records.slice(1)), split)).toEqual({ kind: 'settled' });

    expect(stored(world)).toEqual([0, 2]);
    expect(numbersIn(world.doris.tables.get('db.other'))).toEqual([1]);
  });
});
