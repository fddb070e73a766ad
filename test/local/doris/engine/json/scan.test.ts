import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonPath } from '../../../../../local/doris/engine/json/path.ts';
import { compactJson } from '../../../../../local/doris/engine/json/scan.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the JSON scanner', () => {
  it('changes nothing but blanks', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 3 }), (value, indent) => {
        expect(compactJson(` ${JSON.stringify(value, undefined, indent)}\n`)).toBe(JSON.stringify(value));
      }),
      { numRuns: 300 },
    );
  });

  it('accepts exactly what is JSON, also after one character was changed, added or lost', () => {
    const damage = fc.record({
      at: fc.nat(),
      put: fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', 't', ' ', '\n', '\u0001'),
      drop: fc.nat(1),
    });
    fc.assert(
      fc.property(fc.json(), damage, (json, { at, put, drop }) => {
        const place = at % (json.length + 1);
        const damaged = json.slice(0, place) + put + json.slice(place + drop);
        expect(compactJson(damaged) !== undefined).toBe(isJson(damaged));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '-',
    'nul',
    'tru',
    '"\\x"',
    '"\\u12g4"',
    '"a\nb"',
    '{"a" 1}',
    '{a:1}',
    "{'a':1}",
    '[1,,2]',
    '',
    ' ',
  ])('refuses %j', (text) => {
    expect(compactJson(text)).toBeUndefined();
  });

  it('keeps the digits and the form of numbers', () => {
    expect(compactJson('[ 1.0, 12345678901234567890, 1E+2, -0.0 ]')).toBe('[1.0,12345678901234567890,1E+2,-0.0]');
  });

  it('refuses nesting deeper than 1024 levels instead of running out of stack', () => {
    expect(compactJson('['.repeat(100_000))).toBeUndefined();
    expect(compactJson(`${'['.repeat(1000)}${']'.repeat(1000)}`)).toHaveLength(2000);
  });
});

describe('a JSON path', () => {
  it.each([
    ['$', []],
    ['$.', []],
    ['$.a.b', ['a', 'b']],
    ['$.a[2].b', ['a', 2, 'b']],
    ['$."a.b".c', ['a.b', 'c']],
    ['$[0]', [0]],
  ])('reads %s', (path, steps) => {
    expect(parseJsonPath(path)).toEqual(steps);
  });

  it.each(['a', '', '$a', '$.a[', '$.a[x]', '$..a'])('refuses %j', (path) => {
    expect(parseJsonPath(path)).toBeUndefined();
  });
});
