import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as kpl from '../../../lib/source/kpl.ts';
import { bytesOf, sliceOf } from '../../../lib/source/slice.ts';
import { delimited, framed, kplAggregate, varint } from '../../support/builders.ts';
import { cpuTimeOf } from '../../support/cpu-time.ts';

/** What stands in an aggregate, wherever in memory it lies. */
const deaggregate = (aggregate: Uint8Array) => {
  const memory = Buffer.concat([Buffer.from('before'), aggregate, Buffer.from('behind')]);
  const content = kpl.deaggregate({ memory, start: 6, end: 6 + aggregate.length });
  if (content.kind !== 'aggregate') return content;
  const userRecords = content.userRecords.map(({ start, end, ...more }) => ({ ...more, data: bytesOf({ memory, start, end }) }));
  return { ...content, userRecords };
};

const reasonOf = (bytes: Uint8Array): string | undefined => {
  const content = deaggregate(Buffer.from(bytes));
  return content.kind === 'damaged' ? content.reason : undefined;
};

const userRecord = fc.record({
  data: fc.uint8Array({ maxLength: 300 }),
  key: fc.option(fc.nat(3), { nil: undefined }),
  hashKey: fc.option(fc.nat(3), { nil: undefined }),
  tags: fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 2 }),
});

const aggregate = fc
  .record({ keys: fc.array(fc.string(), { minLength: 1, maxLength: 4 }), records: fc.array(userRecord, { minLength: 1, maxLength: 20 }) })
  .map(({ keys, records }) => ({
    keys,
    records: records.map(({ key, hashKey, ...record }) => ({
      ...record,
      ...(key === undefined ? {} : { key: key % keys.length }),
      ...(hashKey === undefined ? {} : { hashKey }),
    })),
  }));

describe('a KPL aggregate', () => {
  it('comes apart into the user records that went in, in order, with the keys that they point to', () => {
    fc.assert(
      fc.property(aggregate, ({ keys, records }) => {
        const content = deaggregate(kplAggregate(keys, records, ['1', '2', '3', '4']));

        const expected = records.map(({ data, ...record }) => ({
          data: Buffer.from(data),
          ...('key' in record ? { partitionKey: keys[record.key ?? 0] } : {}),
        }));
        expect(content).toEqual({ kind: 'aggregate', userRecords: expected });
      }),
    );
  });

  it('written out by hand is read as its description says', () => {
    const message = Buffer.from('0a0161 0a0162 12023432 1a07 0801 1000 1a017b 1a04 0800 1a00'.replaceAll(' ', ''), 'hex');

    expect(deaggregate(framed(message))).toEqual({
      kind: 'aggregate',
      userRecords: [
        { partitionKey: 'b', data: Buffer.from('{') },
        { partitionKey: 'a', data: Buffer.alloc(0) },
      ],
    });
  });

  it('cut short or with any bit flipped is damaged or plain, and yields no records', () => {
    fc.assert(
      fc.property(aggregate, fc.nat(), fc.nat(7), fc.boolean(), ({ keys, records }, at, bit, cut) => {
        const whole = kplAggregate(keys, records);
        const where = at % whole.length;
        const broken = Buffer.from(cut ? whole.subarray(0, where) : whole);
        if (!cut) broken[where] = (broken[where] ?? 0) ^ (1 << bit);

        const magicIsWhole = broken.subarray(0, 4).toString('hex') === 'f3899ac2';
        expect(deaggregate(broken).kind).toBe(magicIsWhole ? 'damaged' : 'plain');
      }),
    );
  });

  it('with a true digest around any bytes is taken apart or damaged, and nothing throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (message) => {
        expect(['aggregate', 'damaged']).toContain(deaggregate(framed(message)).kind);
      }),
      { numRuns: 2000 },
    );
  });

  it('lets user records be without a partition key, or with one outside the table', () => {
    const content = deaggregate(kplAggregate([], [{ data: Buffer.from('x') }, { data: Buffer.from('y'), key: 7 }]));

    expect(content).toEqual({ kind: 'aggregate', userRecords: [{ data: Buffer.from('x') }, { data: Buffer.from('y') }] });
  });

  it('skips fields that it does not know, whatever their wire type', () => {
    const message = Buffer.concat([
      Buffer.concat([varint(9 * 8), varint(2 ** 53)]),
      Buffer.concat([varint(10 * 8 + 1), Buffer.alloc(8, 1)]),
      Buffer.concat([varint(11 * 8 + 5), Buffer.alloc(4, 1)]),
      delimited(2000, Buffer.from('later')),
      delimited(3, delimited(3, Buffer.from('{}'))),
    ]);

    expect(deaggregate(framed(message))).toEqual({ kind: 'aggregate', userRecords: [{ data: Buffer.from('{}') }] });
  });

  it.each([
    ['no user records', Buffer.alloc(0), 'KPL aggregate without user records'],
    ['only keys', delimited(1, Buffer.from('k')), 'KPL aggregate without user records'],
    ['a record without data', delimited(3, varint(8)), /unfinished number at byte 7$/],
    ['a record with only a key', delimited(3, Buffer.from([8, 0])), /a user record has no data/],
    ['a length that runs past the end', Buffer.from([0x1a, 0x05, 0x1a]), /a field of 5 bytes at byte 6 runs past the end$/],
    ['a length beyond any number', Buffer.from([0x1a, ...Array(9).fill(0xff), 0x7f]), /runs past the end/],
    ['a number without an end', Buffer.from([0x08, ...Array(20).fill(0x80)]), /unfinished number/],
    ['a group', Buffer.from([0x1b]), /wire type 3 at byte 5$/],
    ['records that are numbers', Buffer.from([0x18, 0x01]), /not length-delimited/],
  ])('with a true digest but %s is damaged as a whole', (_what, message, reason) => {
    expect(reasonOf(framed(message))).toMatch(reason);
  });

  it('of very many user records takes time in proportion to their number', () => {
    const timeOf = (count: number): number => {
      const bytes = kplAggregate(
        ['k'],
        Array.from({ length: count }, () => ({ key: 0, data: Buffer.from('{}') })),
      );
      return cpuTimeOf(() => kpl.deaggregate(sliceOf(bytes)));
    };
    timeOf(20_000);

    // Ten times the records: linear is 10, quadratic 100. The constant keeps noise of tiny times out.
    const reference = timeOf(20_000) + 2;
    expect(timeOf(200_000)).toBeLessThan(40 * reference);
  });

  it('needs its magic and its digest', () => {
    expect(deaggregate(Buffer.from('{"a":1}')).kind).toBe('plain');
    expect(deaggregate(Buffer.from('f3899a', 'hex')).kind).toBe('plain');
    expect(reasonOf(Buffer.from('f3899ac2', 'hex'))).toBe('KPL aggregate whose MD5 digest does not match');
    expect(reasonOf(Buffer.from(`f3899ac2${'00'.repeat(16)}`, 'hex'))).toBe('KPL aggregate whose MD5 digest does not match');
  });
});
