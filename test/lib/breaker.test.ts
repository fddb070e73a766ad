import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryBreaker, pauseAfter } from '../../lib/breaker.ts';
import { millis, seconds } from '../../lib/units.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const failing = (failures: number) => {
  const clock = virtualClock();
  const breaker = memoryBreaker(clock);
  for (let n = 0; n < failures; n++) breaker.failed('shop.orders');
  return { breaker, clock };
};

describe('the breaker of a table', () => {
  it('lets loads pass until three invocations in a row have failed', () => {
    expect(failing(0).breaker.admits('shop.orders')).toBe(true);
    expect(failing(2).breaker.admits('shop.orders')).toBe(true);
    expect(failing(3).breaker.admits('shop.orders')).toBe(false);
  });

  it('tries again when its pause is over, and pauses longer when that fails too', () => {
    const { breaker, clock } = failing(3);

    // Chance in the middle takes a quarter off: 0.75 s of 1 s, then 1.5 s of 2 s.
    clock.advance(millis(749));
    expect(breaker.admits('shop.orders')).toBe(false);
    clock.advance(millis(1));
    expect(breaker.admits('shop.orders')).toBe(true);

    breaker.failed('shop.orders');
    clock.advance(millis(1499));
    expect(breaker.admits('shop.orders')).toBe(false);
    clock.advance(millis(1));
    expect(breaker.admits('shop.orders')).toBe(true);
  });

  it('forgets all trouble with one success', () => {
    const { breaker } = failing(10);

    breaker.succeeded('shop.orders');

    expect(breaker.admits('shop.orders')).toBe(true);
    breaker.failed('shop.orders');
    breaker.failed('shop.orders');
    expect(breaker.admits('shop.orders')).toBe(true);
  });

  it("is nobody else's", () => {
    expect(failing(10).breaker.admits('shop.refunds')).toBe(true);
  });

  it('always opens again: after a day of failures within thirty seconds', () => {
    const { breaker, clock } = failing(5000);

    clock.advance(seconds(30));

    expect(breaker.admits('shop.orders')).toBe(true);
  });
});

describe('a pause', () => {
  it.each([
    [1, 0],
    [2, 0],
    [3, 1_000],
    [4, 2_000],
    [7, 16_000],
    [8, 30_000],
    [100_000, 30_000],
  ])('after %i failures is at most %i ms', (failures, most) => {
    expect(pauseAfter(failures, 0)).toBe(most);
  });

  it('is cut by chance, by half at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 1e6 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const most = pauseAfter(failures, 0);

        expect(pauseAfter(failures, random)).toBeLessThanOrEqual(most);
        expect(pauseAfter(failures, random)).toBeGreaterThan(most / 2 - 1);
      }),
    );
  });
});
