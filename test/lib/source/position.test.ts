import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { iggyPosition, isPosition, kinesisPosition, type Position, spellPosition } from '../../../lib/source/position.ts';

/** The API's own pattern: `0|([1-9]\d{0,128})`. */
const sequenceNumber = fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,128}$/), fc.stringMatching(/^49\d{54}$/));
const subSequence = fc.option(fc.nat(10_000_000), { nil: undefined });

describe('positions', () => {
  it('compare as text in the order of (sequence number, sub-sequence number) as numbers', () => {
    const order = (left: readonly [string, number | undefined], right: readonly [string, number | undefined]): number => {
      const [a, b] = [BigInt(left[0]), BigInt(right[0])];
      if (a !== b) return a < b ? -1 : 1;
      return Math.sign((left[1] ?? -1) - (right[1] ?? -1));
    };
    const compare = (a: Position, b: Position): number => (a < b ? -1 : Number(a > b));
    const any = fc.tuple(sequenceNumber, subSequence);
    const near = any.map(
      ([number, sub]) =>
        [
          [number, sub],
          [number, sub === undefined ? 0 : sub + 1],
        ] as const,
    );
    fc.assert(
      fc.property(fc.oneof(fc.tuple(any, any), near), ([left, right]) => {
        const [a, b] = [kinesisPosition(left[0], left[1]), kinesisPosition(right[0], right[1])];

        expect(compare(a, b)).toBe(order(left, right));
        expect(compare(b, a)).toBe(order(right, left));
      }),
    );
  });

  it.each([
    ['9', '10'],
    ['99999999999999999999999999999999999999999999999999999999', '100000000000000000000000000000000000000000000000000000000'],
    ['49590338271490256608559692538361571095921575989136588898', '49590338271490256608559692538361571095921575989136588899'],
  ])('put %s before %s', (earlier, later) => {
    expect(kinesisPosition(earlier) < kinesisPosition(later)).toBe(true);
    expect(kinesisPosition(earlier, 99) < kinesisPosition(later, 0)).toBe(true);
  });

  it('are spelled as the source writes them, and each other spelling is another position', () => {
    fc.assert(
      fc.property(sequenceNumber, subSequence, (number, sub) => {
        expect(spellPosition(kinesisPosition(number, sub))).toBe(sub === undefined ? number : `${number}:${sub}`);
        expect(isPosition(kinesisPosition(number, sub), 'kinesis')).toBe(true);
      }),
    );
  });

  it.each([
    '',
    '0',
    '49590338271490256608559692538361571095921575989136588898',
    `${'0'.repeat(129)}:1`,
    `${'0'.repeat(130)}`,
    ` ${'0'.repeat(128)}`,
    `${'0'.repeat(129)}\n`,
  ])('are not mistaken for other texts: %j', (text) => {
    expect(isPosition(text, 'kinesis')).toBe(false);
  });

  it('are told apart by their source', () => {
    expect([isPosition(iggyPosition('7'), 'iggy'), isPosition(iggyPosition('7'), 'kinesis')]).toEqual([true, false]);
    expect(isPosition(kinesisPosition('7'), 'iggy')).toBe(false);
  });
});
