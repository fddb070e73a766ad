import { describe, expect, it } from 'vitest';
import { kindOf, STREAM_FAULTS } from './faults.ts';
import { tellFailure } from './shrink.ts';
import { simulate } from './simulate.ts';

/** Seeds in a row. */
function seeds(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

describe('a simulated life', () => {
  it('is the same whenever it is lived again', async () => {
    for (const seed of seeds(1, 20)) expect(await simulate(seed, {}, true)).toEqual(await simulate(seed, {}, true));
  });

  it('settles every record when nothing goes wrong', async () => {
    for (const seed of seeds(1, 100)) {
      const { broken, struck } = await simulate(seed, { only: new Set() });
      expect({ seed, broken, struck }).toEqual({ seed, broken: undefined, struck: [] });
    }
  });

  it('keeps every promise whatever goes wrong, and everything does', { timeout: 120_000 }, async () => {
    const struck = new Set<string>();
    for (const seed of seeds(1, 1000)) {
      const life = await simulate(seed);
      if (life.broken !== undefined) expect.fail(await tellFailure(life, simulate));
      for (const identity of life.struck) struck.add(kindOf(identity));
    }
    expect([...struck].toSorted()).toEqual(STREAM_FAULTS.toSorted());
  });
});
