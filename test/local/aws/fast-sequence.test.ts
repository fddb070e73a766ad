import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSequence, publishedCodec, stringifySequence } from '../../../local/aws/kinesis/fast-sequence.ts';

const seconds = fc.integer({ min: 1, max: 16_025_174_999 }).map((value) => value * 1000);
const parts = fc.record({
  shardCreateTime: seconds,
  shardIx: fc.nat(0x7fff_ffff),
  seqIx: fc.oneof(fc.nat(), fc.constant(null), fc.bigInt({ min: 0n, max: 0x7fff_ffff_ffff_ffffn }).map(String)),
  seqTime: fc.oneof(fc.constant(0), seconds),
});

describe('the faster conversion of sequence numbers', () => {
  it('spells what kinesalite spells', () => {
    fc.assert(
      fc.property(parts, (sequence) => {
        expect(stringifySequence(sequence)).toBe(publishedCodec.stringifySequence(sequence));
      }),
    );
  });

  it('reads what kinesalite reads', () => {
    fc.assert(
      fc.property(parts, (sequence) => {
        const text = publishedCodec.stringifySequence(sequence);

        expect(parseSequence(text)).toEqual(publishedCodec.parseSequence(text));
      }),
    );
  });

  it.each(['0', '42', 'not a number', `2${'0'.repeat(55)}`, `9${'9'.repeat(55)}`])('treats %s as kinesalite does', (text) => {
    const outcomeOf = (parse: (text: string) => object) => {
      try {
        return parse(text);
      } catch (thrown) {
        return String(thrown);
      }
    };

    expect(outcomeOf(parseSequence)).toEqual(outcomeOf(publishedCodec.parseSequence));
  });
});
