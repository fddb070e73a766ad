import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatConvert, integerConvert } from '../../../../../local/doris/engine/convert/number.ts';

const bigint = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

describe('an integer', () => {
  it.each([true, false])('keeps every digit within the range of its column and is no value beyond, strict: %s', (strict) => {
    const convert = integerConvert(bigint, strict);
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), (value) => {
        expect(convert(String(value))).toBe(value < bigint.min || value > bigint.max ? undefined : String(value));
      }),
    );
  });

  it.each(['9223372036854775807', '-9223372036854775808'])('has its last value within the range: %s', (text) => {
    expect(integerConvert(bigint, true)(text)).toBe(text);
  });

  it.each(['9223372036854775808', '-9223372036854775809', '', '-', '--1', '1-', 'twelve', '1e3'])('is not %j', (text) => {
    expect(integerConvert(bigint, false)(text)).toBeUndefined();
  });

  it.each([' 12 ', '+12', '12.0', '12.'])('may be written %j without strict mode', (text) => {
    expect(integerConvert(bigint, false)(text)).toBe('12');
  });
});

describe('a double', () => {
  it('is what its text means, however it is written', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(15), (value, digits) => {
        for (const text of [String(value), value.toExponential(), Math.abs(value) < 1e20 ? value.toFixed(digits) : String(value)])
          expect(floatConvert('DOUBLE')(text)).toBe(String(Number(text)));
      }),
    );
  });

  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['007.50', '7.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1e400', 'Infinity'],
    ['nan', 'NaN'],
  ])('%j is %s', (text, expected) => {
    expect(floatConvert('DOUBLE')(text)).toBe(expected);
  });

  it.each(['', '-', '.', '-.', '1.2.3', '1,5'])('is not %j', (text) => {
    expect(floatConvert('DOUBLE')(text)).toBeUndefined();
  });
});
