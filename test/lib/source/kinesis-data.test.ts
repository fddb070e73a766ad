import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyOf } from '../../../lib/plan/body.ts';
import { decodeKinesisEvent } from '../../../lib/source/kinesis.ts';
import type { DecodedRecord, Row } from '../../../lib/source/record.ts';
import { decodeRow, type RowRules } from '../../../lib/source/rows.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { addedMembers, type PositionColumns } from '../../../lib/source/splice.ts';
import { mebibytes } from '../../../lib/units.ts';
import { kinesisEvent, kplAggregate, SHARD_ID, STREAM_ARN } from '../../support/builders.ts';

const SOURCE = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID } as const;
const RULES = { maxRowBytes: mebibytes(1), maxBatchBytes: mebibytes(16), keepFields: [] };

const decode = (payloads: readonly (string | Uint8Array)[], rules: object = {}): readonly DecodedRecord[] =>
  decodeKinesisEvent(kinesisEvent(payloads.map((data) => ({ data }))), { ...RULES, ...rules }).flatMap(({ records }) => records);
const rowsOf = (records: readonly DecodedRecord[]): Row[] => records.filter((record): record is Row => record.kind === 'row');
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const lineOf = ({ line }: Row): string => textOf(bytesOf(line));
const hexOf = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('hex');
const isSharedBy = (body: Uint8Array, rows: readonly Row[]): boolean => rows.every(({ line }) => line.memory.buffer === body.buffer);

/** What a record became, without where its bytes lie. */
const seen = (record: DecodedRecord) => {
  const payload = hexOf(bytesOf(record.record.payload));
  return record.kind === 'poison' ? { payload, fault: record.fault } : { payload, line: lineOf(record), fields: record.fields };
};

const objects = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()).map((value) => JSON.stringify(value));
const payloads = fc.oneof(
  { weight: 4, arbitrary: objects },
  objects.map((text) => `${text}\n`),
  objects.map((text) => ` ${text}\r\n`),
  objects.map((text) => text.slice(1)),
  objects.map((text) => text.slice(0, -1)),
  objects.map((text) => `\ufeff${text}`),
  objects.map((text) => gzipSync(text)),
  fc.constantFrom(
    '',
    '\n',
    '{',
    '}',
    '{"a":',
    '1}',
    '{"a":"',
    '"}',
    '[{}]',
    '{}{}',
    '{}\n{}',
    '{}',
    '{ }\n',
    '{"a":1}\n\n',
    '{"a":12345678901234567890}',
    '{"a":\n1}',
  ),
  fc.uint8Array({ maxLength: 20 }),
  fc.constantFrom('7b226122c3', 'a97d', '7b7dc3', '7b2261223a22ff227d').map((hex) => Buffer.from(hex, 'hex')),
);

/** What one record of an event carries: a payload, or an aggregate of some. */
const items = fc.oneof(
  { weight: 3, arbitrary: payloads.map((payload) => ({ data: payload, carries: [payload] })) },
  fc.array(payloads, { minLength: 1, maxLength: 6 }).map((carries) => ({
    data: kplAggregate(
      ['k'],
      carries.map((payload) => ({ key: 0, data: Buffer.from(payload) })),
    ),
    carries,
  })),
);

describe('the records of an event', () => {
  const all = fc.array(payloads, { maxLength: 12 });
  const rules = fc.record<Partial<RowRules>>(
    {
      maxRowBytes: fc.constantFrom(mebibytes(1), mebibytes(30 / 1024 / 1024)),
      longNumbers: fc.constantFrom('keep', 'quote'),
      keepFields: fc.constant(['a']),
    },
    { requiredKeys: [] },
  );

  const columns = fc.record<PositionColumns>(
    {
      source: fc.constant('_source'),
      shard: fc.constant('_"\u00fc"'),
      position: fc.constant('_p'),
      arrivedAt: fc.constant('_\ud83d\ude00'),
    },
    { requiredKeys: [] },
  );
  // The last is of the year 10000, which takes more characters.
  const times = fc.array(fc.constantFrom(0, 1.5, 1.501, 1_795_230_000.123, 253_402_300_800), { minLength: 12, maxLength: 12 });

  it('become what each becomes by itself, whatever stands before and behind it', () => {
    fc.assert(
      fc.property(fc.array(items, { maxLength: 12 }), times, rules, columns, (sent, at, more, positionColumns) => {
        const event = kinesisEvent(
          sent.map(({ data }, n) => ({ data, arrived: at[n] ?? 0, sequenceNumber: String(10n ** BigInt(n * n)) })),
        );

        const together = decodeKinesisEvent(event, { ...RULES, ...more, positionColumns }).flatMap(({ records }) => records);

        const alone = { ...RULES, ...more, addedMembers: addedMembers(positionColumns, SOURCE) };
        expect(together.map(seen)).toEqual(together.map(({ record }) => seen(decodeRow(record, alone))));
        expect(together.map(({ record }) => hexOf(bytesOf(record.payload)))).toEqual(sent.flatMap(({ carries }) => carries.map(hexOf)));
      }),
      { numRuns: 500 },
    );
  });

  it('come through whole and in order where there are more than are looked at together', () => {
    const lines = Array.from({ length: 4_000 }, (_, n) => `{"n":${n},"text":"${'x'.repeat(n % 500)}"}`);
    const damaged = Buffer.from('7b2261223a22ff227d', 'hex');

    const records = decode([...lines, damaged, ...lines]);

    expect(records.map(({ record }) => hexOf(bytesOf(record.payload)))).toEqual([...lines, damaged, ...lines].map(hexOf));
    expect(records.flatMap((record, index) => (record.kind === 'poison' ? [index] : []))).toEqual([4_000]);
    expect(textOf(bodyOf(rowsOf(records)))).toBe(`${[...lines, ...lines].join('\n')}\n`);
  });

  it('are a body of their rows, a line each', () => {
    fc.assert(
      fc.property(all, rules, columns, fc.boolean(), (texts, more, positionColumns, isReversed) => {
        const decoded = rowsOf(decode(texts, { ...more, positionColumns }));
        const rows = isReversed ? decoded.toReversed() : decoded;

        expect(textOf(bodyOf(rows))).toBe(rows.map((row) => `${lineOf(row)}\n`).join(''));
      }),
    );
  });
});

describe('a body', () => {
  it.each([
    ['without line ends', ['{"a":1}', '{"b":2}', '{"c":3}'], '{"a":1}\n{"b":2}\n{"c":3}\n'],
    ['with line ends of their own', ['{"a":1}\n', '{"b":2}', '{"c":3}\n'], '{"a":1}\n{"b":2}\n{"c":3}\n'],
  ])('of objects %s is the memory into which the event was decoded', (_what, texts, expected) => {
    const rows = rowsOf(decode(texts));

    const body = bodyOf(rows);

    expect(textOf(body)).toBe(expected);
    expect(isSharedBy(body, rows)).toBe(true);
  });

  it('of user records, alone and among others, is the memory into which the event was decoded', () => {
    const aggregate = kplAggregate(['k'], [{ key: 0, data: Buffer.from('{"b":2}') }, { data: Buffer.from('{"c":3}\n') }]);
    const rows = rowsOf(decode(['{"a":1}', aggregate, '{"d":4}', aggregate]));

    const body = bodyOf(rows);

    expect(textOf(body)).toBe('{"a":1}\n{"b":2}\n{"c":3}\n{"d":4}\n{"b":2}\n{"c":3}\n');
    expect(isSharedBy(body, rows)).toBe(true);
  });

  it('of rows with position columns is the memory into which they were spliced', () => {
    const rows = rowsOf(decode(['{"a":1}', '{"b":2}\n', '{ "c":3}'], { positionColumns: { shard: '_shard', position: '_p' } }));

    const body = bodyOf(rows);

    const front = (n: number) => `{"_shard":"${SHARD_ID}","_p":"${String(n).padStart(129, '0')}",`;
    expect(textOf(body)).toBe(`${front(100)}"a":1}\n${front(101)}"b":2}\n${front(102)} "c":3}\n`);
    expect(isSharedBy(body, rows)).toBe(true);
  });

  it('of rows with position columns holds the positions of user records whose aggregate has a number as short as theirs', () => {
    const aggregate = kplAggregate(
      ['k'],
      ['{"a":1}', '{"b":2}'].map((text) => ({ key: 0, data: Buffer.from(text) })),
    );
    const sent = [aggregate, '{"c":3}', '{"d":4}', '{"e":5}'].map((data, n) => ({ data, sequenceNumber: ['0', '1', '2', '10'][n] ?? '' }));
    const positionColumns = { position: '_p' };

    const rows = rowsOf(decodeKinesisEvent(kinesisEvent(sent), { ...RULES, positionColumns }).flatMap(({ records }) => records));

    const at = (digits: string, sub = '') => `{"_p":"${digits.padStart(129, '0')}${sub}",`;
    expect(textOf(bodyOf(rows)).split('\n')).toEqual([
      `${at('0', ':00000000')}"a":1}`,
      `${at('0', ':00000001')}"b":2}`,
      `${at('1')}"c":3}`,
      `${at('2')}"d":4}`,
      `${at('10')}"e":5}`,
      '',
    ]);
  });

  it('of rows with position columns is copied together where one has no members of its own', () => {
    const rows = rowsOf(decode(['{"a":1}', '{ }', '{"c":3}'], { positionColumns: { shard: 's' } }));

    const body = bodyOf(rows);

    expect(textOf(body)).toBe(`{"s":"${SHARD_ID}","a":1}\n{"s":"${SHARD_ID}" }\n{"s":"${SHARD_ID}","c":3}\n`);
    expect(isSharedBy(body, rows)).toBe(false);
  });

  it('of a part of the rows in a row is that part of the memory', () => {
    const rows = rowsOf(decode(['{"a":1}', '{"b":2}', '{"c":3}'])).slice(1);

    const body = bodyOf(rows);

    expect(textOf(body)).toBe('{"b":2}\n{"c":3}\n');
    expect(isSharedBy(body, rows)).toBe(true);
  });

  it.each([
    ['a record between them is poison', ['{"a":1}', 'no', '{"c":3}'], '{"a":1}\n{"c":3}\n'],
    ['a row was unpacked', ['{"a":1}', gzipSync('{"b":2}')], '{"a":1}\n{"b":2}\n'],
    ['a row ends with more than its line end', ['{"a":1}\n\n', '{"b":2}'], '{"a":1} \n{"b":2}\n'],
  ])('is copied together where %s', (_what, texts, expected) => {
    const rows = rowsOf(decode(texts));

    const body = bodyOf(rows);

    expect(textOf(body)).toBe(expected);
    expect(isSharedBy(body, rows)).toBe(false);
  });

  it('is copied together where rows are taken out of their order', () => {
    const rows = rowsOf(decode(['{"a":1}', '{"b":2}'])).toReversed();

    expect(textOf(bodyOf(rows))).toBe('{"b":2}\n{"a":1}\n');
  });
});
