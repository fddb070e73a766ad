import { expect } from 'vitest';
import { spellPosition } from '../../lib/source/position.ts';
import { type Nature, numbersIn } from './shard.ts';
import type { World } from './world.ts';

/** Every record of a made-up shard is in one place, and in the table once; a letter may be there twice. */
export function expectExactlyOnce(world: World, kinds: readonly Nature[]): void {
  const { stored, placesOf } = placesIn(world);
  expect(stored.length, 'a row is stored twice').toBe(new Set(stored).size);
  for (const [n, nature] of kinds.entries()) {
    if (nature === 'good') expect(placesOf(n), `good record ${n}`).toEqual(['table']);
    if (nature === 'broken') expect(placesOf(n), `broken record ${n}`).toEqual(['letters']);
    if (nature === 'refused') expect(placesOf(n), `refused record ${n}`).toHaveLength(1);
  }
}

function placesIn(world: World): { readonly stored: readonly number[]; placesOf(n: number): string[] } {
  const stored = numbersIn(world.doris.tables.get('db.t'));
  const letters = new Set(world.letters.map(({ record }) => Number(spellPosition(record.position)) - 1000));
  return { stored, placesOf: (n) => [...(stored.includes(n) ? ['table'] : []), ...(letters.has(n) ? ['letters'] : [])] };
}
