import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitByTable } from '../../../lib/plan/plan.ts';
import { membersOf, type RouteRule, type Routing, routedFields, routerOf, targetName } from '../../../lib/plan/route.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
import type { Batch, DecodedRecord, SourceShard } from '../../../lib/source/record.ts';
import { decodeRow } from '../../../lib/source/rows.ts';
import { bytes, mebibytes } from '../../../lib/units.ts';
import { aRecord, SHARD_ID, STREAM_ARN } from '../../support/builders.ts';

const SOURCE: SourceShard = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID };
const MAX_ROW_BYTES = mebibytes(1);
const DEFAULT = { database: 'shop', table: 'rest' };
const to = (table: string) => ({ database: 'shop', table });

/** Decodes as the loader does for these rules, so that routing sees what it will see. */
const decoded = (text: string, routing: Routing, n = 100): DecodedRecord =>
  decodeRow(aRecord(text, { position: kinesisPosition(String(n)), itemIdentifier: String(n) }), {
    maxRowBytes: MAX_ROW_BYTES,
    keepFields: routedFields(routing),
  });
const tableOf = (text: string, rules: readonly RouteRule[]): string => {
  const routing = { rules, defaultTarget: DEFAULT, maxRowBytes: MAX_ROW_BYTES, maxBatchBytes: MAX_ROW_BYTES };
  return targetName(routerOf(routing, SOURCE)(decoded(text, routing)));
};

describe('routing', () => {
  it('takes the first rule that fits, else the default table, else none', () => {
    const rules: RouteRule[] = [
      { field: 'type', equals: 'refund', target: to('refunds') },
      { stream: 'orders', field: 'type', equals: 'order', target: to('orders') },
      { field: 'type', equals: 'order', target: to('never') },
    ];

    expect(tableOf('{"type":"refund"}', rules)).toBe('shop.refunds');
    expect(tableOf('{"type":"order"}', rules)).toBe('shop.orders');
    expect(tableOf('{"type":"other"}', rules)).toBe('shop.rest');
    const withoutDefault = { rules, maxRowBytes: MAX_ROW_BYTES, maxBatchBytes: MAX_ROW_BYTES };
    expect(routerOf(withoutDefault, SOURCE)(decoded('{}', withoutDefault))).toBeUndefined();
  });

  it.each([
    ['its name', 'orders', 'shop.x'],
    ['its ARN', STREAM_ARN, 'shop.x'],
    ['the ARN of its namesake in another account', STREAM_ARN.replace('123456789012', '999999999999'), 'shop.rest'],
    ['a part of its name', 'order', 'shop.rest'],
  ])('knows a stream by %s', (_what, stream, table) => {
    expect(tableOf('{}', [{ stream, target: to('x') }])).toBe(table);
  });

  it.each([
    ['{"v":7}', 7, true],
    ['{"v":7.0}', 7, true],
    ['{"v":"7"}', 7, false],
    ['{"v":7}', '7', false],
    ['{"v":true}', true, true],
    ['{"v":"true"}', true, false],
    ['{"v":1}', true, false],
    ['{"v":null}', 'null', false],
    ['{"v":["7"]}', '7', false],
    ['{"v":{"v":7}}', 7, false],
    ['{"V":7}', 7, false],
    ['{"deep":{"v":7}}', 7, false],
    ['{"v":9007199254740993}', 9007199254740991, false],
  ])('compares a field by type and value: %s with %j', (text, equals, fits) => {
    expect(tableOf(text, [{ field: 'v', equals, target: to('x') }])).toBe(fits ? 'shop.x' : 'shop.rest');
  });

  it('goes by the first of duplicate keys, which is the one that Doris stores', () => {
    const rules: RouteRule[] = [
      { field: 'v', equals: 'a', target: to('a') },
      { field: 'v', equals: 'b', target: to('b') },
    ];

    expect(tableOf('{"v":"a","v":"b"}', rules)).toBe('shop.a');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('takes %s for a field like any other', (field) => {
    const rules: RouteRule[] = [{ field, equals: 'x', target: to('x') }];

    expect(tableOf(`{"${field}":"x"}`, rules)).toBe('shop.x');
    expect(tableOf('{}', rules)).toBe('shop.rest');
  });

  it('asks for each field that rules look at once', () => {
    const rules: RouteRule[] = [
      { field: 'a', equals: 1, target: to('x') },
      { target: to('y') },
      { field: 'a', equals: 2, target: to('z') },
    ];

    expect(routedFields({ rules, maxRowBytes: MAX_ROW_BYTES, maxBatchBytes: MAX_ROW_BYTES })).toEqual(['a']);
  });

  it('sends a poison record where its whole stream goes, and nowhere when a field would decide', () => {
    expect(tableOf('{', [{ stream: 'orders', target: to('x') }])).toBe('shop.x');
    expect(tableOf('{', [{ field: 'v', equals: 1, target: to('x') }])).toBe('-');
    expect(tableOf('{', [{ stream: 'other', field: 'v', equals: 1, target: to('x') }])).toBe('shop.rest');
  });
});

describe('the name of what belongs to a table', () => {
  const to = (table: string) => ({ target: { database: 'db', table } });
  const source: SourceShard = { kind: 'kinesis', stream: STREAM_ARN, streamName: 'orders', shard: SHARD_ID };
  const maxRowBytes = bytes(1024);
  const maxBatchBytes = bytes(4096);
  const base: Routing = { rules: [{ field: 'kind', equals: 'a', ...to('a') }], defaultTarget: to('t').target, maxRowBytes, maxBatchBytes };
  const named = (table: string, routing: Routing): string => membersOf(routing, source, table === '-' ? undefined : to(table).target);

  it.each<[string, string, Routing]>([
    ['a', 'another value', { ...base, rules: [{ field: 'kind', equals: 'b', ...to('a') }] }],
    ['a', 'a value of another type', { ...base, rules: [{ field: 'kind', equals: true, ...to('a') }] }],
    ['a', 'another table in its place', { ...base, rules: [{ field: 'kind', equals: 'a', ...to('b') }] }],
    ['a', 'a rule in front', { ...base, rules: [{ field: 'kind', equals: 'b', ...to('b') }, ...base.rules] }],
    ['a', 'another size of what is read', { ...base, maxRowBytes: bytes(1025) }],
    ['t', 'one more rule', { ...base, rules: [...base.rules, { field: 'kind', equals: 'b', ...to('b') }] }],
    ['t', 'a rule in front that takes everything', { ...base, rules: [to('b'), ...base.rules] }],
    ['t', 'no default', { rules: base.rules, maxRowBytes, maxBatchBytes }],
    ['t', 'another size of what is read', { ...base, maxRowBytes: bytes(1025) }],
    ['-', 'another size of what is read', { ...base, maxRowBytes: bytes(1025) }],
    ['-', 'another size of what is unpacked', { ...base, maxBatchBytes: bytes(4097) }],
    ['-', 'no default', { rules: base.rules, maxRowBytes, maxBatchBytes }],
  ])('%s changes with %s', (table, _, changed) => {
    expect(named(table, changed)).not.toBe(named(table, base));
  });

  it.each<[string, string, Routing]>([
    ['a', 'another default', { ...base, defaultTarget: to('u').target }],
    ['a', 'a rule behind its own', { ...base, rules: [...base.rules, { field: 'kind', equals: 'b', ...to('b') }] }],
    ['t', 'the name of another table', { ...base, rules: [{ field: 'kind', equals: 'a', ...to('mended') }] }],
    ['t', 'a rule of another stream', { ...base, rules: [{ stream: 'payments', ...to('p') }, ...base.rules] }],
    ['t', 'a rule behind one that takes everything', { ...base, rules: [...base.rules, to('t'), { field: 'x', equals: 1, ...to('x') }] }],
    ['t', 'the default as a rule', { rules: [...base.rules, { stream: 'orders', ...to('t') }], maxRowBytes, maxBatchBytes }],
  ])('%s stays with %s', (table, _, same) => {
    expect(named(table, same)).toBe(named(table, base));
  });

  it('stays with another size of what is read where no field decides', () => {
    const plain: Routing = { rules: [], defaultTarget: to('t').target, maxRowBytes, maxBatchBytes };

    expect(named('t', { ...plain, maxRowBytes: bytes(2048) })).toBe(named('t', plain));
  });
});

describe('a batch split by table', () => {
  const rules = ['a', 'b', 'c'].map((value) => ({ field: 'v', equals: value, target: to(value) }));
  const routing: Routing = { rules, maxRowBytes: MAX_ROW_BYTES, maxBatchBytes: MAX_ROW_BYTES };
  const batchOf = (texts: readonly string[]): Batch => ({
    source: SOURCE,
    duplicates: 0,
    records: texts.map((text, n) => decoded(text, routing, n)),
  });

  it('has every record once, in order within its table, and sorted by position gives the batch', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('{"v":"a"}', '{"v":"b"}', '{"v":"c"}', '{"v":"d"}', '{', '{"v":"a","v":"b"}')), (texts) => {
        const batch = batchOf(texts);
        const tables = splitByTable(batch, routing);

        const positions = tables.map(({ records }) => records.map(({ record }) => record.position));
        for (const order of positions) expect(order).toEqual(order.toSorted());
        expect(positions.flat().toSorted()).toEqual(batch.records.map(({ record }) => record.position));
        expect(new Set(tables.map(({ target }) => targetName(target))).size).toBe(tables.length);
      }),
    );
  });

  it('gives a record that no table takes a reason, and leaves the reason of a poison record as it is', () => {
    const [nowhere] = splitByTable(batchOf(['{"v":"d"}', '{']), routing);

    expect(nowhere?.target).toBeUndefined();
    expect(nowhere?.records).toMatchObject([
      { kind: 'poison', fault: { errorClass: 'unroutable', reason: 'no rule of DORIS_ROUTES fits and there is no DORIS_TABLE' } },
      { kind: 'poison', fault: { errorClass: 'decode', reason: 'payload is not JSON' } },
    ]);
    expect(targetName(nowhere?.target)).toBe('-');
  });
});
