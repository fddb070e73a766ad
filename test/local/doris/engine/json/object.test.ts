import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyedReader } from '../../../../../local/doris/engine/json/object.ts';

const names = ['id', 'name', 'amount'];

const blanks = fc.constantFrom('', ' ', '\t ');
const key = fc.constantFrom('"id"', '"\\u0069d"', '"name"', '"amount"', '"Name"', '"other"', '""', '"half \\ud800"', 'id', '"open');
const value = fc.constantFrom('1', '-2.5', '"x"', '"\\""', 'null', 'true', '{"id":3}', '[1]', '01', '"\u0001"');
const member = fc.tuple(blanks, key, blanks, fc.constantFrom(':', ':', ':', ''), blanks, value, blanks).map((parts) => parts.join(''));
const row = fc.array(member, { maxLength: 5 }).map((members) => `{${members.join(',')}}`);

/** @returns what a reader makes of an object. */
function readBy(reader: ReturnType<typeof keyedReader>, text: string) {
  const end = reader.read(text, 0);
  return end < 0 ? 'malformed' : { end, fields: [...reader.fields], matched: reader.matched(), escaped: reader.escaped() };
}

describe('a reader of fields by key', () => {
  it('reads each row as if it were the first, in whatever order and spelling the keys of the rows before it came', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), (rows) => {
        const reader = keyedReader(names, false);
        for (const text of rows) expect(readBy(reader, text)).toEqual(readBy(keyedReader(names, false), text));
      }),
      { numRuns: 1000 },
    );
  });

  it('finds the fields where the order of the keys changes', () => {
    const reader = keyedReader(names, false);
    const rows = ['{"id":1,"name":"a","amount":2}', '{"name":"b","id":2}', '{"id" : 3,"idle":4,"amount":5}'];

    const fields = rows.map((text) => {
      reader.read(text, 0);
      return [...reader.fields];
    });

    expect(fields).toEqual([
      ['1', 'a', '2'],
      ['2', 'b', undefined],
      ['3', undefined, '5'],
    ]);
  });
});
