import { describe, expect, it } from 'vitest';
import { tableText } from '../../cli/table.ts';

describe('a table', () => {
  it('puts numbers to the right and shows nothing as a dash', () => {
    expect(
      tableText(
        ['shard', 'rows', 'claim'],
        [
          ['a', 1_234_567, undefined],
          ['longer', 8, 'open'],
        ],
      ),
    ).toBe(['shard        rows  claim', 'a       1,234,567  -', 'longer          8  open'].join('\n'));
  });
});
