import { describe, expect, it } from 'vitest';
import { parseEdit } from '../../../lib/redrive/edit.ts';

const edited = (expression: string, payload = '{"a":1,"big":12345678901234567890}') => {
  const result = parseEdit(expression)(Buffer.from(payload));
  return result.kind === 'edited' ? result.payload.toString() : result.reason;
};

describe('an edit of a payload', () => {
  it.each([
    ['({ ...row, a: 2 })', '{"a":2,"big":12345678901234567890}'],
    ['text.replace("1", "3")', '{"a":3,"big":12345678901234567890}'],
    ['row.a, row', '{"a":1,"big":12345678901234567890}'],
    ['(() => { const { a, ...rest } = row; return rest; })()', '{"big":12345678901234567890}'],
  ])('gives text as it is and anything else as JSON, with every digit of long numbers: %s', (expression, payload) => {
    expect(edited(expression)).toBe(payload);
  });

  it.each([
    ['undefined', '--edit: the expression gives nothing'],
    ['() => row', '--edit: the expression gives nothing'],
    ['Promise.resolve(row)', '--edit: the expression gives a promise; it must give the payload itself'],
    ['row.b.c', "--edit: Cannot read properties of undefined (reading 'c')"],
    ['process.env', '--edit: process is not defined'],
    ['(() => { for (;;); })()', '--edit: Script execution timed out after 100ms'],
    ['({ toJSON() { for (;;); } })', '--edit: Script execution timed out after 100ms'],
  ])('fails for one record with a reason, and never hangs: %s', (expression, reason) => {
    expect(edited(expression)).toBe(reason);
  });

  it('sees no row where the payload is no JSON', () => {
    expect(edited('JSON.stringify({ text, row: typeof row })', 'no JSON')).toBe('{"text":"no JSON","row":"undefined"}');
  });

  it('is refused as a whole when it is no expression', () => {
    expect(() => parseEdit('({ ...row')).toThrow(SyntaxError);
  });
});
