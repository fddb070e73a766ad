import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pauseAfter, returnAfter } from '../../lib/pause.ts';
import { seconds } from '../../lib/units.ts';

describe('a pause', () => {
  it.each([
    [1, 0],
    [2, 0],
    [3, 1_000],
    [4, 2_000],
    [7, 16_000],
    [8, 30_000],
    [100_000, 30_000],
  ])('after %i failures is %i ms', (failures, pause) => {
    expect(pauseAfter('unavailable', failures)).toBe(pause);
  });

  it.each(['fuse-blown', 'rejected-config'] as const)('begins at once when only a person can help: %s', (cause) => {
    expect([1, 2, 6].map((failures) => pauseAfter(cause, failures))).toEqual([1_000, 2_000, 30_000]);
  });

  it.each([
    [1, 5_000],
    [2, 10_000],
    [4, 40_000],
    [5, 60_000],
    [100_000, 60_000],
  ])('after Doris pushed back %i times is %i ms', (failures, pause) => {
    expect(pauseAfter('overload', failures)).toBe(pause);
  });
});

describe('the return of one process', () => {
  it('is drawn by chance from half of the pause, from fifteen seconds at most', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        expect(returnAfter(seconds(8), random)).toBe(4_000 * random);
        expect(returnAfter(seconds(30), random)).toBe(15_000 * random);
        expect(returnAfter(seconds(60), random)).toBe(15_000 * random);
      }),
    );
  });
});
