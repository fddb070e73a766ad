import { describe, expect, it } from 'vitest';
import { bodyBytes, bodyOf } from '../../../lib/plan/body.ts';
import { sliceOf } from '../../../lib/source/slice.ts';
import { aRecord } from '../../support/builders.ts';

describe('the body of a load', () => {
  it('is its rows in order, each with its line end, of the length that was planned with', () => {
    const rows = ['{"n":1}', '{"name":"ß"}'].map((line) => ({
      kind: 'row' as const,
      record: aRecord(line),
      line: sliceOf(Buffer.from(line)),
    }));

    expect(bodyOf(rows).toString('utf8')).toBe('{"n":1}\n{"name":"ß"}\n');
    expect(bodyBytes(rows)).toBe(Buffer.byteLength('{"n":1}\n{"name":"ß"}\n'));
  });
});
