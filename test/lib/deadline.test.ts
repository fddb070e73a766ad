import { describe, expect, it } from 'vitest';
import { deadlineIn, invocationDeadlines } from '../../lib/deadline.ts';
import { epochMillis, millis } from '../../lib/units.ts';
import { virtualClock } from '../support/virtual-clock.ts';

describe('a deadline', () => {
  it('comes nearer as time passes, and is never less than zero away', () => {
    const clock = virtualClock();
    const deadline = deadlineIn(millis(1000), clock);

    const left = [0, 400, 599, 1, 5000].map((span) => {
      clock.advance(millis(span));
      return deadline.remaining();
    });

    expect(left).toEqual([1000, 600, 1, 0, 0]);
  });

  it('says when it is on the wall clock, as it was when it was set', () => {
    const clock = virtualClock(1_700_000_000_000);
    const deadline = deadlineIn(millis(1000), clock);
    clock.advance(millis(300));

    expect(deadline.at).toBe(1_700_000_001_000);
  });

  it('is not moved by a wall clock that jumps', () => {
    const clock = virtualClock();
    let now = 1_700_000_000_000;
    const deadline = deadlineIn(millis(1000), { ...clock, now: () => epochMillis(now) });

    now -= 3_600_000;

    expect(deadline.remaining()).toBe(1000);
  });

  it('has one before it, also where that has passed already', () => {
    const clock = virtualClock();
    const deadline = deadlineIn(millis(1000), clock);
    clock.advance(millis(200));

    expect(deadline.before(millis(300)).remaining()).toBe(500);
    expect(deadline.before(millis(300)).at).toBe(deadline.at - 300);
    expect(deadline.before(millis(3000)).remaining()).toBe(0);
  });
});

describe('the deadlines of an invocation', () => {
  it.each([
    [900_000, 895_000, 897_000, 899_000],
    [60_000, 55_000, 57_000, 59_000],
    [30_000, 27_000, 28_200, 29_400],
    [5_000, 4_500, 4_700, 4_900],
    [3_000, 2_500, 2_700, 2_900],
    [600, 100, 300, 500],
    [100, 0, 0, 0],
    [0, 0, 0, 0],
  ])('with %i ms left leave %i ms for loads, %i for dead letters and %i for the ledger', (left, forLoads, forLetters, forLedger) => {
    const { loads, letters, ledger } = invocationDeadlines(millis(left), virtualClock());

    expect([loads.remaining(), letters.remaining(), ledger.remaining()]).toEqual([forLoads, forLetters, forLedger]);
  });
});
