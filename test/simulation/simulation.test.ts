import { describe, expect, it } from 'vitest';
import { simulate } from './simulate.ts';

/** Seeds in a row. */
function seeds(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

const NOTHING = new Set<string>();

describe('a simulated life', () => {
  it('is the same whenever it is lived again', async () => {
    for (const seed of seeds(1, 20)) expect(await simulate(seed, {}, true)).toEqual(await simulate(seed, {}, true));
  });

  it('settles every record when nothing goes wrong', async () => {
    for (const seed of seeds(1, 200)) {
      const { broken, struck } = await simulate(seed, { only: NOTHING });
      expect({ seed, broken, struck }).toEqual({ seed, broken: undefined, struck: [] });
    }
  });
});
