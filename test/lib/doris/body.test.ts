import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocksOf, sizeOf } from '../../../lib/doris/body.ts';

describe('the blocks of a body', () => {
  it('are its bytes in their order, and no block is empty', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.integer({ min: 1, max: 30 }), (pieces, size) => {
        const blocks = [...blocksOf(pieces, size)];
        expect(Buffer.concat(blocks)).toEqual(Buffer.concat(pieces));
        expect(blocks.every((block) => block.length > 0)).toBe(true);
        expect(sizeOf(blocks)).toBe(sizeOf(pieces));
      }),
    );
  });

  it('are never larger than asked for, but for a piece that is larger itself', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (pieces) => {
        for (const block of blocksOf(pieces, 10))
          expect(block.length <= 10 || pieces.includes(block as (typeof pieces)[number])).toBe(true);
      }),
    );
  });

  it('pass a large piece on without copying it', () => {
    const large = new Uint8Array(1000);

    expect([...blocksOf([new Uint8Array(1), large, new Uint8Array(1)], 100)][1]).toBe(large);
  });
});
