import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestDelay, type Pressure, retryDelay } from '../../../lib/doris/retry.ts';

const pressure = fc.constantFrom<Pressure>('overload', 'unavailable', 'open-transaction');
const attempt = fc.integer({ min: 1, max: 2000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a retry delay', () => {
  it('is a whole number from nothing to less than the longest delay', () => {
    fc.assert(
      fc.property(pressure, attempt, random, (why, nth, chance) => {
        const delay = retryDelay(why, nth, chance);
        return Number.isInteger(delay) && delay >= 0 && delay < longestDelay(why, nth);
      }),
    );
  });

  it('never has a shorter bound after more attempts', () => {
    fc.assert(fc.property(pressure, attempt, (why, nth) => longestDelay(why, nth + 1) >= longestDelay(why, nth)));
  });

  it('is spread over the whole span by chance alone', () => {
    fc.assert(
      fc.property(
        pressure,
        attempt,
        random,
        random,
        (why, nth, a, b) => retryDelay(why, nth, Math.min(a, b)) <= retryDelay(why, nth, Math.max(a, b)),
      ),
    );
    expect(retryDelay('unavailable', 1, 0)).toBe(0);
    expect(retryDelay('unavailable', 1, 0.5)).toBe(125);
  });

  it('is longer under overload than in an outage, by the same chance', () => {
    fc.assert(
      fc.property(attempt, random, (nth, chance) => {
        const [long, short] = [retryDelay('overload', nth, chance), retryDelay('unavailable', nth, chance)];
        return long >= short && (chance < 0.01 || long > short);
      }),
    );
  });

  it('doubles up to its cap', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((nth) => longestDelay('unavailable', nth))).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000]);
    expect([1, 2, 3, 4, 5, 6, 7].map((nth) => longestDelay('overload', nth))).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(longestDelay('unavailable', 5000)).toBe(10_000);
  });
});
