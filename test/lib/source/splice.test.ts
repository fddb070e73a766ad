import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeKinesisEvent } from '../../../lib/source/kinesis.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import type { DecodedRecord } from '../../../lib/source/record.ts';
import { decodeRow, type RowRules } from '../../../lib/source/rows.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { bytes, mebibytes } from '../../../lib/units.ts';
import { aRecord, type EventRecord, kinesisEvent, kplAggregate, SHARD_ID, STREAM_ARN } from '../../support/builders.ts';

const RULES: RowRules = { maxRowBytes: mebibytes(1), keepFields: [] };
const COLUMNS = { source: '_source', shard: '_shard', position: '_position', arrivedAt: '_arrived_at' };

const decode = (payload: string | Uint8Array, rules: Partial<RowRules> = {}): DecodedRecord =>
  decodeRow(aRecord(payload), { ...RULES, ...rules });
const lineOf = (decoded: DecodedRecord | undefined): string => {
  if (decoded?.kind !== 'row') throw new Error(`no row: ${decoded?.fault.reason}`);
  return bytesOf(decoded.line).toString('utf8');
};
const decodeEvent = (records: readonly EventRecord[], positionColumns = COLUMNS, maxBatchBytes = mebibytes(16)) => {
  const [batch] = decodeKinesisEvent(kinesisEvent(records), { ...RULES, maxBatchBytes, positionColumns });
  if (batch === undefined) throw new Error('no batch');
  return batch;
};
const rowOf = (record: EventRecord, positionColumns: object = COLUMNS): string =>
  lineOf(decodeEvent([record], positionColumns as typeof COLUMNS).records[0]);

describe('position columns', () => {
  it('stand at the front of the row: stream ARN, shard id, position as sortable text, arrival in UTC without a zone', () => {
    const row = rowOf({ data: '{"id":7}', sequenceNumber: '4711', arrived: 1_795_230_000.123 });

    expect(row).toBe(
      `{"_source":"${STREAM_ARN}","_shard":"${SHARD_ID}","_position":"${'0'.repeat(125)}4711","_arrived_at":"2026-11-21 03:00:00.123","id":7}`,
    );
  });

  it('may be some of the roles, under any name, and keep their order', () => {
    expect(rowOf({ data: '{"id":7}' }, { arrivedAt: 'at', shard: 'lane' })).toBe(
      `{"lane":"${SHARD_ID}","at":"1970-01-01 00:00:01.500","id":7}`,
    );
    expect(rowOf({ data: '{"id":7}' }, {})).toBe('{"id":7}');
  });

  it.each([
    ['an empty object', '{}', '{"lane":"S"}'],
    ['an empty object with blanks in it', '{ \t}', '{"lane":"S" \t}'],
    ['leading and trailing blanks', ' \t {"a":1} ', ' \t {"lane":"S","a":1} '],
    ['line breaks', '\r\n{\n"a":1\n}\n', '  {"lane":"S", "a":1 }'],
    ['a byte order mark', '\ufeff{"a":1}', '{"lane":"S","a":1}'],
    ['nested objects', '{"a":{},"b":[{}]}', '{"lane":"S","a":{},"b":[{}]}'],
  ])('are spliced into %s', (_what, text, row) => {
    expect(rowOf({ data: text }, { shard: 'lane' }).replace(SHARD_ID, 'S')).toBe(row);
  });

  it("come before the producer's own field of that name, because Doris takes the first", () => {
    expect(rowOf({ data: '{"_shard":"mine"}' }, { shard: '_shard' })).toBe(`{"_shard":"${SHARD_ID}","_shard":"mine"}`);
  });

  it('are spliced into what was packed', () => {
    expect(rowOf({ data: gzipSync('{"a":1}') }, { shard: '_shard' })).toBe(`{"_shard":"${SHARD_ID}","a":1}`);
  });

  it('tell the user records of one aggregate apart, in their order', () => {
    const data = kplAggregate(
      ['k'],
      [
        { key: 0, data: Buffer.from('{"n":0}') },
        { key: 0, data: Buffer.from('{"n":1}') },
      ],
    );

    const rows = decodeEvent([{ data, sequenceNumber: '9' }], { position: '_position' } as typeof COLUMNS).records.map(lineOf);

    const padded = '9'.padStart(129, '0');
    expect(rows).toEqual([`{"_position":"${padded}:00000000","n":0}`, `{"_position":"${padded}:00000001","n":1}`]);
  });

  it('leave the payload as the producer sent it, for a dead letter to carry', () => {
    const [decoded] = decodeEvent([{ data: '{"id":7}' }]).records;

    expect(decoded && bytesOf(decoded.record.payload).toString()).toBe('{"id":7}');
  });

  it('are the same bytes on any delivery, whatever comes along', () => {
    const record = { data: '{"id":7}', sequenceNumber: '200' };

    const alone = decodeEvent([record]).records[0];
    const among = decodeEvent([{ data: '{}', sequenceNumber: '100' }, record]).records[1];

    expect(lineOf(among)).toBe(lineOf(alone));
  });

  it('count towards the memory of a batch', () => {
    const records = Array.from({ length: 10 }, () => ({ data: '{}' }));
    const longest = 'c'.repeat(256);

    const batch = decodeEvent(records, { shard: longest } as typeof COLUMNS, bytes(5 * (512 + 256)));

    expect(batch.records).toHaveLength(5);
  });
});

describe('long numbers', () => {
  const quoted = (text: string): string => lineOf(decode(text, { longNumbers: 'quote' }));

  it.each([
    ['16 digits', '1234567890123456', true],
    ['15 digits', '123456789012345', false],
    ['the largest BIGINT', '9223372036854775807', true],
    ['a decimal of 16 digits', '0.1234567890123456', true],
    ['zeros before the first digit', '0.000000000000000000123', false],
    ['a whole part, zeros and a last digit', '1.000000000000001', true],
    ['zeros behind the last digit', '1.50000000000000000000', false],
    ['zeros at the end of a whole number', '1000000000000000000000', false],
    ['zeros between digits', '1000000000000001', true],
    ['a sign', '-123456789012345', false],
    ['a sign before 16 digits', '-1234567890123456', true],
    ['digits of an exponent', '1e0000000000000000000000', false],
    ['a long mantissa with an exponent', '1.234567890123456E-7', true],
    ['zero in many digits', '-0.0000000000000000000', false],
  ])('are those with more than 15 significant digits: %s', (_what, number, long) => {
    expect(quoted(`{"n":${number}}`)).toBe(long ? `{"n":"${number}"}` : `{"n":${number}}`);
  });

  it('are quoted at any depth, and the rest stays byte for byte', () => {
    expect(quoted('{ "a" : [ 1234567890123456 , { "b" : [ [ 0.12345678901234567 ] ] } ] ,"c":1.0,"d":12345678901234567890\n}')).toBe(
      '{ "a" : [ "1234567890123456" , { "b" : [ [ "0.12345678901234567" ] ] } ] ,"c":1.0,"d":"12345678901234567890" }',
    );
  });

  it('inside of strings and of keys stay what they are', () => {
    const text = '{"1234567890123456789":"1234567890123456789","a":"\\"1234567890123456789","b":"\\\\"}';

    expect(quoted(text)).toBe(text);
  });

  it('and position columns go into the same row', () => {
    const [batch] = decodeKinesisEvent(kinesisEvent([{ data: '\n{"n":12345678901234567890}' }]), {
      ...RULES,
      maxBatchBytes: mebibytes(16),
      positionColumns: { shard: '_shard' },
      longNumbers: 'quote',
    });

    expect(lineOf(batch?.records[0])).toBe(` {"_shard":"${SHARD_ID}","n":"12345678901234567890"}`);
  });

  it('decide routes as the numbers that the producer sent', () => {
    const decoded = decode('{"tenant":1234567890123456}', { longNumbers: 'quote', keepFields: ['tenant'] });

    expect(decoded).toMatchObject({ fields: { tenant: 1234567890123456 } });
  });

  it('stay numbers unless quoting is asked for', () => {
    expect(lineOf(decode('{"n":12345678901234567890}'))).toBe('{"n":12345678901234567890}');
    expect(lineOf(decode('{"n":12345678901234567890}', { longNumbers: 'keep' }))).toBe('{"n":12345678901234567890}');
  });
});

describe('a row that needs nothing', () => {
  it('is the payload itself, not a copy', () => {
    const record = aRecord('{"n":1.5,"s":"1234567890123456789"}', { position: kinesisPosition('5') });

    const decoded = decodeRow(record, { ...RULES, longNumbers: 'quote', addedMembers: () => '' });

    expect(decoded.kind === 'row' && decoded.line.memory.buffer).toBe(record.payload.memory.buffer);
    expect(lineOf(decoded)).toBe('{"n":1.5,"s":"1234567890123456789"}');
  });
});
