import { expect } from 'vitest';
import { spellPosition } from '../../lib/source/position.ts';
import { type Nature, numbersIn } from './shard.ts';
import type { World } from './world.ts';

/** Every record of a made-up shard is in one place, and in the table once; a letter may be there twice. */
export function expectExactlyOnce(world: World, kinds: readonly Nature[]): void {
  const stored = numbersIn(world.doris.tables.get('db.t'));
  expect(stored.length, 'a row is stored twice').toBe(new Set(stored).size);
  expectPlaces(world, kinds, stored);
}

/** Every record of a made-up shard is somewhere; a good one in the table, perhaps more than once, and with the letters never. */
export function expectAtLeastOnce(world: World, kinds: readonly Nature[]): void {
  expectPlaces(world, kinds, numbersIn(world.doris.tables.get('db.t')));
}

function expectPlaces(world: World, kinds: readonly Nature[], stored: readonly number[]): void {
  const letters = new Set(world.letters.map(({ record }) => Number(spellPosition(record.position)) - 1000));
  for (const [n, nature] of kinds.entries()) {
    const places = [stored.includes(n) && 'table', letters.has(n) && 'letters'].filter(Boolean);
    if (nature === 'good') expect(places, `good record ${n}`).toEqual(['table']);
    if (nature === 'broken') expect(places, `broken record ${n}`).toEqual(['letters']);
    if (nature === 'refused') expect(places, `refused record ${n}`).toHaveLength(1);
  }
}
