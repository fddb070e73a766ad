import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spellPosition } from '../../../lib/source/position.ts';
import type { DecodedRecord } from '../../../lib/source/record.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { bytes, mebibytes } from '../../../lib/units.ts';
import { kplAggregate } from '../../support/builders.ts';
import { only, positionsOf } from './decoded-event.ts';

const textOf = (decoded: DecodedRecord): string => (decoded.kind === 'row' ? bytesOf(decoded.line).toString() : decoded.fault.reason);

describe('a record that is a KPL aggregate', () => {
  const rowsOf = (...texts: readonly string[]) => texts.map((text) => ({ key: 0, data: Buffer.from(text) }));

  it('becomes a record for each user record, with its own position and key and the aggregate as its item', () => {
    const data = kplAggregate(
      ['a', 'b'],
      [{ key: 1, data: Buffer.from('{"n":1}') }, { key: 0, data: gzipSync('{"n":2}') }, { data: Buffer.from('{') }],
    );

    const { records } = only([{ sequenceNumber: '495', data, partitionKey: 'outer' }]);

    expect(records.map(({ record }) => [spellPosition(record.position), record.itemIdentifier, record.partitionKey])).toEqual([
      ['495:0', '495', 'b'],
      ['495:1', '495', 'a'],
      ['495:2', '495', undefined],
    ]);
    expect(records.map(textOf)).toEqual(['{"n":1}', '{"n":2}', 'payload is not JSON']);
  });

  it('that is damaged is one poison row with the whole aggregate as its payload', () => {
    const data = kplAggregate(['a'], rowsOf('{}'));
    data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;

    const { records } = only([{ data }]);

    expect(records.map(textOf)).toEqual(['KPL aggregate whose MD5 digest does not match']);
    expect(records.map(({ record }) => bytesOf(record.payload))).toEqual([data]);
  });

  it('without user records is a poison row: nothing that came may vanish', () => {
    expect(only([{ data: kplAggregate(['a'], []) }]).records.map(textOf)).toEqual(['KPL aggregate without user records']);
  });

  it('inside an aggregate is not taken apart again', () => {
    const inner = kplAggregate(['a'], rowsOf('{}'));

    expect(only([{ data: kplAggregate(['a'], [{ key: 0, data: inner }]) }]).records.map(textOf)).toEqual(['payload is not valid UTF-8']);
  });

  it('of very many user records keeps them all, good rows being no matter of memory limits', () => {
    const data = kplAggregate(
      [],
      Array.from({ length: 50_000 }, () => ({ data: Buffer.from('{}') })),
    );

    const batch = only([{ data }], { maxBatchBytes: mebibytes(1) });

    expect(batch.records).toHaveLength(50_000);
    expect(batch.records.every(({ kind }) => kind === 'row')).toBe(true);
    expect(batch).not.toHaveProperty('leftFrom');
  });

  it('whose packed user records unpack to more than a batch may hold loses none: what is too much is dead-lettered packed', () => {
    const big = gzipSync(`{"a":"${'x'.repeat(400)}"}`);
    const data = kplAggregate([], [{ data: big }, { data: big }, { data: big }, { data: big }, { data: Buffer.from('{}') }]);

    const { records } = only([{ sequenceNumber: '5', data }], { maxBatchBytes: bytes(1000) });

    expect(records.map(({ kind }) => kind)).toEqual(['row', 'row', 'row', 'poison', 'row']);
    expect(records.map(({ record }) => bytesOf(record.payload)).slice(0, 4)).toEqual([big, big, big, big]);
    expect(records[3]).toMatchObject({
      fault: {
        errorClass: 'oversize',
        reason: 'the user records of its KPL aggregate unpack to more than the allowed 1000 bytes of a batch',
      },
    });
  });
});

describe('packed records', () => {
  it.each([1, 20, 300, 5_000, 100_000])('keep little memory beyond their texts, here of %i characters and some', (length) => {
    const text = JSON.stringify({ a: 'x'.repeat(length) });
    const data = gzipSync(text);

    const { records } = only(Array.from({ length: 100 }, () => ({ data })));

    const memories = new Set(records.flatMap((row) => (row.kind === 'row' ? [row.line.memory.buffer] : [])));
    expect(records.map(textOf)).toEqual(records.map(() => text));
    // Node cuts small pieces out of pools of 8 KiB.
    const kept = [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(kept).toBeLessThan(records.length * (text.length + 100) + 16_384);
  });
});

describe('a batch that would outgrow memory', () => {
  const row = { data: `{"a":"${'x'.repeat(600)}"}` };

  it('is decoded up to the limit, and names the record from which it has to come again', () => {
    const batch = only([row, row, row, row], { maxBatchBytes: bytes(2000) });

    expect(positionsOf(batch)).toEqual(['100', '101']);
    expect(batch.leftFrom).toBe('102');
  });

  it('always brings at least one record, so that its shard moves', () => {
    const batch = only([row, row], { maxBatchBytes: bytes(1) });

    expect(positionsOf(batch)).toEqual(['100']);
    expect(batch.leftFrom).toBe('101');
  });

  it('counts what its records cost besides their bytes', () => {
    const tiny = Array.from({ length: 100 }, () => ({ data: '{}' }));

    expect(only(tiny, { maxBatchBytes: bytes(10_000) }).records.length).toBeLessThan(50);
  });

  it('counts what poison rows cost to unpack, not what they weigh', () => {
    const bomb = { data: gzipSync('['.repeat(mebibytes(1))) };

    const batch = only(
      Array.from({ length: 40 }, () => bomb),
      { maxBatchBytes: mebibytes(4) },
    );

    expect(batch.records.length).toBe(4);
    expect(batch.leftFrom).toBe('104');
  });

  it('brings every record in the end, batch by batch', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 5000 }), (sizes, limit) => {
        let event = sizes.map((size, index) => ({ sequenceNumber: String(index + 1), data: `{"a":"${'x'.repeat(size)}"}` }));
        const seen: string[] = [];
        while (event.length > 0) {
          const batch = only(event, { maxBatchBytes: bytes(limit) });
          seen.push(...positionsOf(batch));
          event = event.filter(({ sequenceNumber }) => batch.leftFrom !== undefined && BigInt(sequenceNumber) >= BigInt(batch.leftFrom));
        }

        expect(seen).toEqual(sizes.map((_, index) => String(index + 1)));
      }),
    );
  });
});
