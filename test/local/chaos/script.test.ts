import { describe, expect, it } from 'vitest';
import { readChaosOptions } from '../../../local/chaos/options.ts';
import { scriptOf } from '../../../local/chaos/script.ts';

describe('the script of a chaos run', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(scriptOf(5, 60_000)).toEqual(scriptOf(5, 60_000));
    expect(scriptOf(5, 60_000)).not.toEqual(scriptOf(6, 60_000));
  });

  it('goes on over the whole span in order of time, with every kind of stroke', () => {
    const script = scriptOf(1, 300_000);
    const times = script.map(({ at }) => at);

    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThan(290_000);
    expect(new Set(script.map(({ stroke }) => stroke.kind)).size).toBe(8);
  });

  it('leaves a real Doris running', () => {
    const kinds = new Set(scriptOf(1, 300_000, false).map(({ stroke }) => stroke.kind));

    expect([...kinds].sort()).toEqual([
      'function killed',
      'shard split',
      'shards merged',
      'stream read again from its start',
      'unrelated loads',
    ]);
  });
});

describe('the arguments of a chaos run', () => {
  it('have defaults', () => {
    expect(readChaosOptions([])).toEqual({ seconds: 60, seed: 1, shards: 3, rate: 200, mode: 'labelled', help: false });
  });

  it.each([
    [['--mode', 'group-commit-may-duplicate'], '--mode must be labelled or two-phase (given group-commit-may-duplicate)'],
    [['--seconds', '4'], '--seconds must be a whole number from 5 to 3600 (given 4)'],
    [['--shards', '9'], '--shards must be a whole number from 1 to 8 (given 9)'],
    [['--rate', 'fast'], '--rate must be a whole number from 1 to 2000 (given fast)'],
  ])('are refused when they are wrong: %j', (argv, message) => {
    expect(() => readChaosOptions(argv)).toThrow(new RangeError(message));
  });

  it('are refused when nobody knows them', () => {
    expect(() => readChaosOptions(['--sead', '1'])).toThrow(RangeError);
  });
});
