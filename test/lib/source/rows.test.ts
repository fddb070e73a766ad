import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DecodedRecord } from '../../../lib/source/record.ts';
import { decodeRow, type RowRules } from '../../../lib/source/rows.ts';
import { bytesOf, sliceOf } from '../../../lib/source/slice.ts';
import { bytes, mebibytes } from '../../../lib/units.ts';
import { aRecord } from '../../support/builders.ts';

const RULES: RowRules = { maxRowBytes: mebibytes(1), keepFields: [] };

const decode = (payload: string | Uint8Array, rules: Partial<RowRules> = {}): DecodedRecord =>
  decodeRow(aRecord(payload), { ...RULES, ...rules });
const lineOf = (decoded: DecodedRecord): string | undefined =>
  decoded.kind === 'row' ? bytesOf(decoded.line).toString('utf8') : undefined;
const faultOf = (decoded: DecodedRecord) => (decoded.kind === 'poison' ? decoded.fault : undefined);
const reasonOf = (payload: string | Uint8Array, rules: Partial<RowRules> = {}): string | undefined =>
  faultOf(decode(payload, rules))?.reason;

describe('a payload that is one JSON object', () => {
  it.each([
    '{}',
    '{"id":9007199254740993,"max":18446744073709551615}',
    '{"price":0.1000000000000000055511151231257827021181583404541015625}',
    '{"e":1E400,"f":-0.0,"g":1e-07}',
    '{"a":1,"a":2,"a":{"a":3}}',
    '{"b":1,"a":2}',
    '{"snow":"☃","clef":"𝄞","escaped":"\\u2603\\ud834\\udd1e"}',
    '{"lone":"\\ud800"}',
    '{"nul":"\\u0000","separators":"\u2028\u2029","delete":"\u007f"}',
    '{"__proto__":{"polluted":true},"constructor":null,"":0}',
    '  { "spaced" : [ 1 , 2 ] }\t',
    '{"nested":{"x":[{"y":[]},{}]}}',
    '{"bom inside":"\ufeff"}',
  ])('reaches Doris byte for byte: %s', (text) => {
    expect(lineOf(decode(text))).toBe(text);
  });

  it('may be pretty-printed: every raw line break becomes a blank and nothing else changes', () => {
    expect(lineOf(decode('{\r\n  "a": 1,\n\t"b": "x\\ny"\r}'))).toBe('{    "a": 1, \t"b": "x\\ny" }');
  });

  it('may end its line: the line end of the body takes the place of its own', () => {
    expect(lineOf(decode('{"a":1}\n'))).toBe('{"a":1}');
    expect(lineOf(decode('{"a":1}\r\n'))).toBe('{"a":1} ');
    expect(lineOf(decode('{"a":1}\n\n'))).toBe('{"a":1} ');
  });

  it('may begin with one byte order mark, which Doris does not get', () => {
    expect(lineOf(decode('\ufeff{"a":1}'))).toBe('{"a":1}');
    expect(reasonOf('\ufeff\ufeff{"a":1}')).toBe('payload is not JSON');
  });

  it('keeps the record that it came from, payload included, untouched', () => {
    const record = aRecord('\ufeff{\n}');

    expect(decodeRow(record, RULES)).toEqual({ kind: 'row', record, line: sliceOf(Buffer.from('{ }')) });
    expect(bytesOf(record.payload).toString()).toBe('\ufeff{\n}');
  });
});

describe('a gzip payload', () => {
  it('is unpacked, and may be of several members', () => {
    expect(lineOf(decode(gzipSync('{"a":1}')))).toBe('{"a":1}');
    expect(lineOf(decode(Buffer.concat([gzipSync('{"a"'), gzipSync(':1}')])))).toBe('{"a":1}');
    expect(lineOf(decode(gzipSync('\ufeff{"a":\n1}')))).toBe('{"a": 1}');
  });

  it('that ends early or is damaged is a poison row', () => {
    const packed = gzipSync('{"a":"some text that is long enough"}');
    const damaged = Buffer.from(packed);
    damaged[packed.length - 6] = (damaged[packed.length - 6] ?? 0) ^ 1;

    expect(reasonOf(packed.subarray(0, -1))).toBe('damaged gzip payload: unexpected end of file');
    expect(reasonOf(damaged)).toMatch(/^damaged gzip payload: /);
    expect(reasonOf(Buffer.from([0x1f, 0x8b]))).toMatch(/^damaged gzip payload: /);
  });

  it('with bytes behind its end is a poison row, since what is behind would be lost in silence', () => {
    const packed = gzipSync('{"a":1}');

    expect(reasonOf(Buffer.concat([packed, Buffer.from('\0{"b":2}')]))).toBe('damaged gzip payload: 8 bytes after its end');
    expect(reasonOf(Buffer.concat([packed, Buffer.from('{"b":2}')]))).toMatch(/^damaged gzip payload: /);
  });

  it('may be padded with zeros, as gzip files are', () => {
    expect(lineOf(decode(Buffer.concat([gzipSync('{"a":1}'), Buffer.alloc(512)])))).toBe('{"a":1}');
  });

  it('that unpacks to more than the limit is oversize, however small it is packed', () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));

    expect(bomb.length).toBeLessThan(mebibytes(1));
    expect(faultOf(decode(bomb))).toEqual({
      errorClass: 'oversize',
      reason: 'unpacked gzip payload is larger than the allowed 1048576 bytes',
    });
  });

  it('is unpacked once: gzip in gzip is no JSON text', () => {
    expect(reasonOf(gzipSync(gzipSync('{"a":1}')))).toBe('payload is not valid UTF-8');
  });

  it('of nothing is empty', () => {
    expect(reasonOf(gzipSync(''))).toBe('payload is empty');
  });
});

describe('a payload that can never load', () => {
  it.each([
    ['', 'payload is empty'],
    [' \r\n\t ', 'payload is empty'],
    ['\ufeff', 'payload is empty'],
    ['[{"a":1}]', 'payload is a JSON array, not an object'],
    ['null', 'payload is a JSON null, not an object'],
    ['"{}"', 'payload is a JSON string, not an object'],
    ['-1.5e3', 'payload is a JSON number, not an object'],
    [' false ', 'payload is a JSON boolean, not an object'],
    ['{"a":1}{"b":2}', 'payload holds more than one JSON document (the first ends at byte 7)'],
    ['{"a":1}\n{"b":2}\n', 'payload holds more than one JSON document (the first ends at byte 7)'],
    ['{"a":1},{"b":2}', 'payload holds more than one JSON document (the first ends at byte 7)'],
    ['{"é":1}[]', 'payload holds more than one JSON document (the first ends at byte 8)'],
    ['{"a":"}"} x', 'payload has text after its JSON document (the first ends at byte 9)'],
    ['{"a":1}\0', 'payload has text after its JSON document (the first ends at byte 7)'],
    ['1 2', 'payload is not JSON'],
    ['{"a":1', 'payload is not JSON'],
    ['{"a":"', 'payload is not JSON'],
    ['{"a":"\\"}', 'payload is not JSON'],
    ['{a:1}', 'payload is not JSON'],
    ["{'a':1}", 'payload is not JSON'],
    ['{"a":1,}', 'payload is not JSON'],
    ['{"a":[1,]}', 'payload is not JSON'],
    ['{"a":01}', 'payload is not JSON'],
    ['{"a":1.}', 'payload is not JSON'],
    ['{"a":.5}', 'payload is not JSON'],
    ['{"a":+1}', 'payload is not JSON'],
    ['{"a":1e}', 'payload is not JSON'],
    ['{"a":NaN}', 'payload is not JSON'],
    ['{"a":nul}', 'payload is not JSON'],
    ['{"a":"\\x41"}', 'payload is not JSON'],
    ['{"a":"\\u12g4"}', 'payload is not JSON'],
    ['{"a":"tab\there"}', 'payload is not JSON'],
    ['{"a":"line\nbreak"}', 'payload is not JSON'],
    ['{"a":"\0"}', 'payload is not JSON'],
    ['{"a"\u00a0:1}', 'payload is not JSON'],
    ['{"a":1}}', 'payload has text after its JSON document (the first ends at byte 7)'],
    ['{"a":[1}', 'payload is not JSON'],
    ['}', 'payload is not JSON'],
  ])('is a poison row with a reason of its own: %j', (text, reason) => {
    expect(faultOf(decode(text))).toEqual({ errorClass: 'decode', reason });
  });

  it.each([
    ['a stray byte', [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]],
    ['an encoded surrogate', [0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]],
    ['an overlong slash', [0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]],
    ['UTF-16', [...Buffer.from('\ufeff{"a":1}', 'utf16le')]],
  ])('because it is not UTF-8: %s', (_what, payload) => {
    expect(reasonOf(Uint8Array.from(payload))).toBe('payload is not valid UTF-8');
  });

  it('because it is larger than allowed; at the limit it is not', () => {
    const rules = { maxRowBytes: bytes(12) };

    expect(lineOf(decode('{"a":"1234"}', rules))).toBe('{"a":"1234"}');
    expect(faultOf(decode('{"a":"12345"}', rules))).toEqual({
      errorClass: 'oversize',
      reason: 'payload of 13 bytes is larger than the allowed 12 bytes',
    });
  });
});

describe('fields kept for routing', () => {
  const fieldsOf = (text: string, ...keepFields: string[]) => {
    const decoded = decode(text, { keepFields });
    return decoded.kind === 'row' ? decoded.fields : undefined;
  };

  it('are those asked for, of the top level, with text, number or boolean; nothing else stays in memory', () => {
    const text = '{"type":"a","n":7,"ok":true,"none":null,"list":[1],"deep":{"type":"b"},"other":1}';

    expect(fieldsOf(text, 'type', 'n', 'ok', 'none', 'list', 'deep', 'absent')).toEqual({ type: 'a', n: 7, ok: true, none: null });
    expect(fieldsOf(text)).toBeUndefined();
  });

  it('have the first value of a duplicate key, since that is the one that Doris stores', () => {
    expect(fieldsOf('{"type":"first","type":"last"}', 'type')).toEqual({ type: 'first' });
    expect(fieldsOf('{"type":{"x":1},"type":"last"}', 'type')).toEqual({});
  });

  it('are found under escaped spellings of their name', () => {
    expect(fieldsOf('{"ty\\u0070e":"\\u0061\\n"}', 'type')).toEqual({ type: 'a\n' });
    expect(fieldsOf('{"naïve":1}', 'naïve')).toEqual({ naïve: 1 });
  });

  it('are not found under names that merely begin alike or look alike', () => {
    const text = '{"typ":1,"types":2,"typ\\u0065s":3,"ty\\\\pe":4,"typé":5,"Type":6,"":7}';

    expect(fieldsOf(text, 'type')).toEqual({});
    expect(fieldsOf(text, 'ty\\pe', '', 'typ\u00e9')).toEqual({ 'ty\\pe': 4, '': 7, typé: 5 });
  });

  it('are own properties, also under the names of prototypes', () => {
    const fields = fieldsOf('{"__proto__":"x","constructor":"y"}', '__proto__', 'constructor', 'toString') ?? {};

    expect(Object.entries(fields)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.hasOwn(fields, 'toString')).toBe(false);
  });
});
