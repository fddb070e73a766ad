import { describe, expect, it } from 'vitest';
import { parseCondition } from '../../../lib/redrive/where.ts';
import { letterOf as record } from '../../support/redrive-world.ts';

const letter = {
  kind: 'letter',
  errorClass: 'data-quality',
  reason: 'r',
  source: record(1).source,
  position: record(1).row.record.position,
  target: 'shop.orders',
  failedAt: '2026-11-21T03:00:00.000Z',
  arrivedAt: record(1).row.record.arrivedAt,
  encoding: 'utf8',
  body: '',
} as unknown as Parameters<ReturnType<typeof parseCondition>>[0];

describe('a condition about the table', () => {
  it.each([
    ['table=orders', true],
    ['table=shop.orders', true],
    ['table!=shop.orders', false],
    ['table=web.orders', false],
    ['table=shop', false],
    ['table~ord', true],
  ])('%s: a table goes by its name, and with its database as lists show it', (text, holds) => {
    expect(parseCondition(text)(letter)).toBe(holds);
  });
});

describe('a condition about a field of few values', () => {
  it.each([
    [
      'errorClass=dataquality',
      '"dataquality" is no errorClass; did you mean data-quality? Values: decode, data-quality, oversize, unroutable, contract, unverifiable',
    ],
    [
      'errorClass!=Decode',
      '"Decode" is no errorClass; did you mean decode? Values: decode, data-quality, oversize, unroutable, contract, unverifiable',
    ],
    ['source=kinesys', '"kinesys" is no source; did you mean kinesis? Values: kinesis, iggy'],
  ])('%s: is refused when no letter can have the value, instead of meaning none or all', (text, message) => {
    expect(() => parseCondition(text)).toThrow(new RangeError(message));
  });

  it.each(['errorClass=data-quality', 'errorClass~quality', 'errorClass<e', 'source!=iggy'])('%s: holds as any other', (text) => {
    expect(parseCondition(text)(letter)).toBe(true);
  });
});
