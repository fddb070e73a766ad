import { describe, expect, it } from 'vitest';
import { kindOf, QUEUE_FAULTS } from '../faults.ts';
import { tellFailure } from '../shrink.ts';
import { simulateQueue } from './simulate.ts';

/** Seeds from 1 on. */
function seeds(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 1 + index);
}

describe('a simulated life of a topic whose messages come through a queue', () => {
  it('is the same whenever it is lived again', async () => {
    for (const seed of seeds(10)) expect(await simulateQueue(seed, {}, true)).toEqual(await simulateQueue(seed, {}, true));
  });

  it('settles every record when nothing goes wrong', async () => {
    for (const seed of seeds(50)) {
      const { broken, struck } = await simulateQueue(seed, { only: new Set() });
      expect({ seed, broken, struck }).toEqual({ seed, broken: undefined, struck: [] });
    }
  });

  it('keeps every promise whatever goes wrong, and everything does', { timeout: 120_000 }, async () => {
    const struck = new Set<string>();
    for (const seed of seeds(250)) {
      const life = await simulateQueue(seed);
      if (life.broken !== undefined) expect.fail(await tellFailure(life, simulateQueue, ' --source iggy'));
      for (const identity of life.struck) struck.add(kindOf(identity));
    }
    expect([...struck].toSorted()).toEqual(QUEUE_FAULTS.toSorted());
  });
});
