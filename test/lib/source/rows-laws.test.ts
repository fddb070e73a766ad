import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecodedRecord } from '../../../lib/source/record.ts';
import { decodeRow, type RowRules } from '../../../lib/source/rows.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { mebibytes } from '../../../lib/units.ts';
import { aRecord } from '../../support/builders.ts';
import { cpuTimeOf } from '../../support/cpu-time.ts';

const RULES: RowRules = { maxRowBytes: mebibytes(1), keepFields: [] };

const decode = (payload: string | Uint8Array, rules: Partial<RowRules> = {}): DecodedRecord =>
  decodeRow(aRecord(payload), { ...RULES, ...rules });
const lineOf = (decoded: DecodedRecord): string | undefined =>
  decoded.kind === 'row' ? bytesOf(decoded.line).toString('utf8') : undefined;

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

  it('any JSON object passes with every byte but its raw line breaks and the line end behind it', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()),
        fc.integer({ min: 0, max: 4 }),
        blanks,
        (value, indent, blank) => {
          const text = `${blank}${JSON.stringify(value, undefined, indent)}${blank}`;

          expect(lineOf(decode(text))).toBe(text.replace(/\n$/, '').replaceAll(/[\r\n]/g, ' '));
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

  it('a character in a string is judged alike wherever in the string it stands', () => {
    const characters = [
      ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
      'é',
      '€',
      '😀',
      '\\n',
      '\\"',
      '\\u00e9',
      '\\x',
    ];
    for (const character of characters) {
      for (let before = 0; before < 9; before++) {
        const text = `{"a":"${'x'.repeat(before)}${character}${'x'.repeat(8 - before)}"}`;

        expect([text, decode(text).kind]).toEqual([text, isObjectText(text) ? 'row' : 'poison']);
      }
    }
  });

  it('brackets pair at any depth', () => {
    const nests = fc.array(fc.constantFrom('[', '{"a":'), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(nests, fc.nat(), (opening, wrong) => {
        const closing = opening.map((bracket) => (bracket === '[' ? ']' : '}')).reverse();
        const swapped = closing.map((bracket, index) => (index !== wrong % closing.length ? bracket : bracket === ']' ? '}' : ']'));
        const nest = (end: readonly string[]) => `{"a":${opening.join('')}1${end.join('')}}`;

        expect([decode(nest(closing)).kind, decode(nest(swapped)).kind]).toEqual(['row', 'poison']);
        expect(decode(nest(closing.slice(1))).kind).toBe('poison');
      }),
      { numRuns: 500 },
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

        expect(bytesOf(decoded.record.payload)).toEqual(Buffer.from(payload));
        if (decoded.kind === 'poison') expect(decoded.fault.reason).not.toBe('');
        else expect(isObjectText(bytesOf(decoded.line).toString())).toBe(true);
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
    ['line breaks', (size) => `{"a":1${'\n'.repeat(size)}}`],
    ['the same key', (size) => `{${'"k":1,'.repeat(size / 6)}"k":1}`],
  ];

  it.each(shapes)('take time in proportion to their size: %s', (_what, make) => {
    const rules = { maxRowBytes: mebibytes(64), keepFields: ['k'] };
    const timeOf = (payload: Buffer): number => cpuTimeOf(() => decode(payload, rules));
    const [small, large] = [Buffer.from(make(MIB)), Buffer.from(make(10 * MIB))];
    timeOf(small);

    // Ten times the size: linear is 10, quadratic 100. The constant keeps noise of tiny times out.
    const reference = timeOf(small) + 2;
    expect(timeOf(large)).toBeLessThan(40 * reference);
  });

  const claiming = (text: string, size: number): Buffer => {
    const packed = gzipSync(text);
    packed.writeUInt32LE(size, packed.length - 4);
    return packed;
  };

  it.each([
    ['far more than it holds', '{"a":1}', 10 * MIB - 2, 300],
    ['nothing', '['.repeat(9 * MIB), 0, 10],
  ])('that are packed cost about as much where the size that they tell is %s as where it is off by one', (_what, text, size, times) => {
    const timeOf = (payload: Buffer): number =>
      cpuTimeOf(() => {
        for (let n = 0; n < times; n++) decode(payload, { maxRowBytes: mebibytes(10) });
      });
    const near = claiming(text, text.length - 1);
    timeOf(near);

    // The constant keeps noise of tiny times out.
    const reference = timeOf(near) + 10;
    expect(timeOf(claiming(text, size))).toBeLessThan(4 * reference);
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
