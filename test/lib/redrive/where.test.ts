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
