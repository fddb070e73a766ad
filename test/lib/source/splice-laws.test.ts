import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kinesisPosition } from '../../../lib/source/position.ts';
import { decodeRow, type RowRules } from '../../../lib/source/rows.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { addedMembers } from '../../../lib/source/splice.ts';
import { epochMillis, mebibytes } from '../../../lib/units.ts';
import { aRecord, SHARD_ID, STREAM_ARN } from '../../support/builders.ts';

const SOURCE = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID } as const;
const RULES: RowRules = { maxRowBytes: mebibytes(1), keepFields: [] };

const lineOf = (text: string, rules: Partial<RowRules>, more: Parameters<typeof aRecord>[1] = {}): string => {
  const decoded = decodeRow(aRecord(text, more), { ...RULES, ...rules });
  if (decoded.kind !== 'row') throw new Error(decoded.fault.reason);
  return bytesOf(decoded.line).toString('utf8');
};

const membersOf = (text: string): Record<string, unknown> => JSON.parse(text);

const blanks = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const keys = fc.string({ unit: 'grapheme' }).filter((key) => !key.startsWith('_') && key !== '__proto__');
const objectTexts = fc
  .tuple(fc.dictionary(keys, fc.jsonValue()), fc.integer({ min: 0, max: 3 }), blanks, blanks)
  .map(([value, indent, before, behind]) => `${before}${JSON.stringify(value, undefined, indent)}${behind}`);

describe('laws of position columns', () => {
  it('a row parses to the object of its payload and the columns that are mapped', () => {
    const mapped = fc.record(
      { source: fc.constant('_s'), shard: fc.constant('_h'), position: fc.constant('_p'), arrivedAt: fc.constant('_a') },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        objectTexts,
        mapped,
        fc.bigInt({ min: 0n, max: 10n ** 56n }),
        fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
        (text, roles, sequence, at) => {
          const position = kinesisPosition(String(sequence));
          const values = { source: STREAM_ARN, shard: SHARD_ID, position, arrivedAt: at.toISOString().replace('T', ' ').replace('Z', '') };

          const line = lineOf(text, { addedMembers: addedMembers(roles, SOURCE) }, { position, arrivedAt: epochMillis(at.getTime()) });

          const added = Object.entries(roles).map(([role, column]) => [column, values[role as keyof typeof values]]);
          expect(membersOf(line)).toEqual({ ...membersOf(text), ...Object.fromEntries(added) });
        },
      ),
    );
  });

  it('rows in the order of their positions have columns in that order', () => {
    const sequences = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 128n }), fc.option(fc.nat(9999), { nil: undefined }));
    const textAt = ([sequence, sub]: [bigint, number | undefined]): string => {
      const line = lineOf(
        '{}',
        { addedMembers: addedMembers({ position: 'p' }, SOURCE) },
        { position: kinesisPosition(String(sequence), sub) },
      );
      return String(membersOf(line)['p']);
    };
    fc.assert(
      fc.property(sequences, sequences, (one, other) => {
        fc.pre(one[0] !== other[0]);

        expect(textAt(one) < textAt(other)).toBe(one[0] < other[0]);
      }),
    );
  });
});

/** A number, and whether it has more than 15 significant digits. */
const numbers = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.stringMatching(/^(0|[1-9]\d{0,24})$/),
    fc.stringMatching(/^(\.\d{1,25})?$/),
    fc.stringMatching(/^([eE][-+]?\d{1,20})?$/),
  )
  .map((parts) => parts.join(''));

const isLong = (number: string): boolean =>
  (number.split(/[eE]/)[0] ?? '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length > 15;

describe('laws of long numbers', () => {
  const trees = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      numbers,
      fc.string().map((text) => JSON.stringify(text)),
      numbers.map((number) => `"${number}"`),
      fc.constantFrom('null', 'true', 'false'),
      fc.array(tie('node'), { maxLength: 4 }).map((values) => `[${values.join(' , ')}]`),
      fc
        .array(fc.tuple(numbers, tie('node')), { maxLength: 4 })
        .map((members) => `{${members.map(([key, value]) => `"${key}" :${value}`).join(',')}}`),
    ),
  })).node;

  it('every digit of a number is kept, and those of long ones stand in quotes', () => {
    fc.assert(
      fc.property(numbers, (number) => {
        expect(lineOf(`{"n":${number}}`, { longNumbers: 'quote' })).toBe(isLong(number) ? `{"n":"${number}"}` : `{"n":${number}}`);
      }),
      { numRuns: 1000 },
    );
  });

  it('nothing but quotation marks around long numbers is added, at any depth', () => {
    // A string, or a number outside of strings.
    const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
    fc.assert(
      fc.property(trees, (tree) => {
        const text = `{"a":${tree}}`;

        const expected = text.replace(tokens, (token) => (!token.startsWith('"') && isLong(token) ? `"${token}"` : token));

        expect(lineOf(text, { longNumbers: 'quote' })).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('a number that is left alone survives a double with all its digits, unless its exponent is out of reach', () => {
    fc.assert(
      fc.property(numbers, (number) => {
        const digitsOf = (text: string) => (/[1-9](?:[\d]*[1-9])?/.exec((text.split(/[eE]/)[0] ?? '').replace(/[-.]/g, '')) ?? ['0'])[0];
        const value = Number(number);
        fc.pre(!isLong(number) && Math.abs(value) < 1e300 && (Math.abs(value) > 1e-300 || /^-?[0.]+([eE]|$)/.test(number)));

        expect(digitsOf(value.toExponential())).toBe(digitsOf(number));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('hostile numbers', () => {
  it('of half a million in one row are all quoted', () => {
    const count = 500_000;
    const text = `{"a":[${'1234567890123456,'.repeat(count)}0]}`;

    const line = lineOf(text, { longNumbers: 'quote', maxRowBytes: mebibytes(64) });

    expect(line.length).toBe(text.length + 2 * count);
  });
});
