import { describe, expect, it } from 'vitest';
import { lowest, median, quartiles, worseThan } from '../../bench/judge.ts';

describe('the judge of ratios', () => {
  it('takes the middle value, and of an even number the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 9, 4, 6])).toBe(5);
    expect(median([7])).toBe(7);
  });

  it('orders values as numbers', () => {
    expect(median([10, 9, 100])).toBe(10);
  });

  it('tells between which values the middle half lies', () => {
    expect(quartiles([5, 1, 4, 2, 3])).toEqual({ lower: 2, upper: 4 });
    expect(quartiles([1, 2, 3, 4])).toEqual({ lower: 1.75, upper: 3.25 });
  });

  it('refuses to take the middle of nothing', () => {
    expect(() => median([])).toThrow(RangeError);
  });

  it('finds a ratio worse from more than 15 % above the baseline on', () => {
    const baseline = new Map([['a', 2]]);

    expect(worseThan(baseline, new Map([['a', 2.3]]))).toEqual([]);
    expect(worseThan(baseline, new Map([['a', 2.31]]))).toEqual([{ name: 'a', before: 2, now: 2.31 }]);
  });

  it('finds no ratio worse that became better, however much', () => {
    expect(worseThan(new Map([['a', 2]]), new Map([['a', 0.1]]))).toEqual([]);
  });

  it('finds anything worse than nothing', () => {
    expect(worseThan(new Map([['reads', 0]]), new Map([['reads', 0.01]]))).toEqual([{ name: 'reads', before: 0, now: 0.01 }]);
  });

  it('does not judge what the baseline does not know', () => {
    expect(worseThan(new Map(), new Map([['new', 99]]))).toEqual([]);
  });

  it('finds a ratio worse only when it is so in every run', () => {
    const baseline = new Map([['a', 2]]);
    const spoiltTwice = [new Map([['a', 9]]), new Map([['a', 2.1]]), new Map([['a', 4]])];
    const slower = [new Map([['a', 2.5]]), new Map([['a', 2.4]]), new Map([['a', 9]])];

    expect(worseThan(baseline, lowest(spoiltTwice))).toEqual([]);
    expect(worseThan(baseline, lowest(slower))).toEqual([{ name: 'a', before: 2, now: 2.4 }]);
  });

  it('judges only ratios that every run has', () => {
    const runs = [
      new Map([
        ['a', 9],
        ['once', 1],
      ]),
      new Map([['a', 2]]),
    ];

    expect(lowest(runs)).toEqual(new Map([['a', 2]]));
  });
});
