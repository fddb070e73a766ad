import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecodedRecord } from '../../../lib/source/record.ts';
import { decodeRow, type RowRules } from '../../../lib/source/rows.ts';
import { bytes, mebibytes } from '../../../lib/units.ts';
import { aRecord } from '../../support/builders.ts';

const RULES: RowRules = { maxRowBytes: mebibytes(1), keepFields: [] };

const decode = (payload: string | Uint8Array, rules: Partial<RowRules> = {}): DecodedRecord =>
  decodeRow(aRecord(payload), { ...RULES, ...rules });
const lineOf = (decoded: DecodedRecord): string | undefined =>
  decoded.kind === 'row' ? Buffer.from(decoded.line).toString('utf8') : undefined;
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
    expect(lineOf(decode('{\r\n  "a": 1,\n\t"b": "x\\ny"\r}\n'))).toBe('{    "a": 1, \t"b": "x\\ny" } ');
  });

  it('may begin with one byte order mark, which Doris does not get', () => {
    expect(lineOf(decode('\ufeff{"a":1}'))).toBe('{"a":1}');
    expect(reasonOf('\ufeff\ufeff{"a":1}')).toBe('payload is not JSON');
  });

  it('keeps the record that it came from, payload included, untouched', () => {
    const record = aRecord('\ufeff{\n}');

    expect(decodeRow(record, RULES)).toEqual({ kind: 'row', record, line: Buffer.from('{ }') });
    expect(Buffer.from(record.payload).toString()).toBe('\ufeff{\n}');
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

  it('are own properties, also under the names of prototypes', () => {
    const fields = fieldsOf('{"__proto__":"x","constructor":"y"}', '__proto__', 'constructor', 'toString') ?? {};

    expect(Object.entries(fields)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.hasOwn(fields, 'toString')).toBe(false);
  });
});

describe('laws of decoding', () => {
  const jsonText = fc.json({ maxDepth: 4 });
  const blanks = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
  const isObjectText = (text: string): boolean => {
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    } catch {
      return false;
    }
  };

  it('any JSON object passes with every byte but its raw line breaks', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()),
        fc.integer({ min: 0, max: 4 }),
        blanks,
        (value, indent, blank) => {
          const text = `${blank}${JSON.stringify(value, undefined, indent)}${blank}`;

          expect(lineOf(decode(text))).toBe(text.replaceAll(/[\r\n]/g, ' '));
        },
      ),
    );
  });

  it('a text is a row exactly when the language takes it for a JSON object, also after arbitrary damage', () => {
    const damaged = fc
      .tuple(
        jsonText,
        fc.nat(),
        fc.nat(3),
        fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '.', 'e', '-', '\n', '\\u00', ' ', '{"a":1}'),
      )
      .map(([text, at, drop, insert]) => {
        const where = at % (text.length + 1);
        return text.slice(0, where) + insert + text.slice(where + drop);
      });
    fc.assert(
      fc.property(
        fc.oneof(
          jsonText,
          damaged,
          damaged.map((text) => `{"a":${text}}`),
        ),
        (text) => {
          fc.pre(Buffer.from(text).toString() === text);

          expect(decode(text).kind).toBe(isObjectText(text) ? 'row' : 'poison');
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('any bytes are a row or a poison row with a reason, and nothing throws', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 100 }).map((tail) => Buffer.concat([Buffer.from([0x1f, 0x8b]), tail])),
      fc.tuple(jsonText, fc.nat(), fc.nat(255)).map(([text, at, flip]) => {
        const packed = gzipSync(text);
        packed[at % packed.length] = (packed[at % packed.length] ?? 0) ^ flip;
        return packed;
      }),
    );
    fc.assert(
      fc.property(any, (payload) => {
        const decoded = decode(payload);

        expect(decoded.record.payload).toBe(payload);
        if (decoded.kind === 'poison') expect(decoded.fault.reason).not.toBe('');
        else expect(isObjectText(Buffer.from(decoded.line).toString())).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('hostile payloads', () => {
  const MIB = 1024 * 1024;
  const shapes: readonly (readonly [string, (size: number) => string])[] = [
    ['open brackets', (size) => '['.repeat(size)],
    ['open objects', (size) => '{"a":'.repeat(size / 5)],
    ['closed nests', (size) => `{"a":${'['.repeat(size / 2)}${']'.repeat(size / 2)}}`],
    ['tiny objects', (size) => `{"a":[${'{},'.repeat(size / 3)}{}]}`],
    ['quotes', (size) => '"'.repeat(size)],
    ['backslashes', (size) => `{"a":"${'\\'.repeat(size)}`],
    ['escapes', (size) => `{"a":"${'\\u0041'.repeat(size / 6)}"}`],
    ['digits', (size) => `{"a":${'9'.repeat(size)}}`],
    ['documents', (size) => '{}'.repeat(size / 2)],
    ['commas after a document', (size) => `{}${','.repeat(size)}`],
    ['blanks', (size) => ' '.repeat(size)],
    ['the same key', (size) => `{${'"k":1,'.repeat(size / 6)}"k":1}`],
  ];

  it.each(shapes)('take time in proportion to their size: %s', (_what, make) => {
    const rules = { maxRowBytes: mebibytes(64), keepFields: ['k'] };
    const timeOf = (payload: Buffer): number => {
      const started = performance.now();
      decode(payload, rules);
      return performance.now() - started;
    };
    const [small, large] = [Buffer.from(make(MIB)), Buffer.from(make(10 * MIB))];
    const best = (payload: Buffer): number => Math.min(...[1, 2, 3].map(() => timeOf(payload)));

    // Ten times the size: linear is 10, quadratic 100. The constant keeps noise of tiny times out.
    expect(best(large)).toBeLessThan(40 * (best(small) + 2));
  });

  it('build nothing in memory that is larger than a few copies of themselves', () => {
    const payload = Buffer.from(`{"a":[${'{},'.repeat(10 * MIB)}{}]}`);
    const before = process.memoryUsage().heapUsed;

    const decoded = decode(payload, { maxRowBytes: mebibytes(64), keepFields: ['a'] });

    // Thirty million bytes; parsed values would take 28 bytes or more for each of ten million objects.
    expect(decoded.kind).toBe('row');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * MIB);
  });
});
