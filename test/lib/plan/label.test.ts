import { createHash } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Label, labelOf, type Membership } from '../../../lib/plan/label.ts';
import { kinesisPosition } from '../../../lib/source/position.ts';
// Labels of released versions. A diff here is a breaking change: loads that are in doubt across a deployment would be stored twice.
import vectors from '../../vectors/labels.json' with { type: 'json' };

/** A position as people write it: `495` or `495:3`. */
const positionOf = (spelled: string) => {
  const [sequenceNumber = '', sub] = spelled.split(':');
  return kinesisPosition(sequenceNumber, sub === undefined ? undefined : Number(sub));
};

interface Parts {
  readonly prefix: string;
  readonly stream: string;
  readonly streamName: string;
  readonly shard: string;
  readonly database: string;
  readonly table: string;
  readonly positions: readonly string[];
}

const PARTS: Parts = {
  prefix: 'doris',
  stream: 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders',
  streamName: 'orders',
  shard: 'shardId-000000000003',
  database: 'shop',
  table: 'orders',
  positions: ['1', '2', '3'],
};

const membershipOf = ({ stream, streamName, shard, database, table, positions }: Parts): Membership => ({
  source: { kind: 'kinesis', stream, streamName, shard },
  target: { database, table },
  members: positions.map((spelled) => ({ position: positionOf(spelled), itemIdentifier: spelled.replace(/:.*/, '') })),
});
const labelWith = (change: Partial<Parts>): Label => labelOf(change.prefix ?? PARTS.prefix, membershipOf({ ...PARTS, ...change }));

describe('golden labels', () => {
  it.each(vectors.labels)('$about: $label', ({ input, label }) => {
    expect(labelOf(input.prefix, membershipOf(input))).toBe(label);
  });

  it.each(vectors.labels)(
    'end in BLAKE3 over the raw values and the SHA-256 of the positions, each behind its length: $about',
    ({ input, label }) => {
      const { prefix, stream, shard, database, table, positions } = input;
      const encode = (values: readonly string[]) =>
        Buffer.concat(values.map((value) => Buffer.from(`${Buffer.from(value).length}:${value}`)));
      const members = createHash('sha256')
        .update(encode(positions.map(positionOf)))
        .digest('hex');
      const encoded = encode(['1', prefix, 'kinesis', stream, shard, database, table, `${positions.length}`, members]);

      const hash = Buffer.from(blake3(encoded)).subarray(0, 12).toString('base64').replaceAll('+', '-').replaceAll('/', '_');

      expect(label.slice(-17)).toBe(`1${hash}`);
    },
  );
});

describe('a label', () => {
  const hostileText = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 200 }));
  const prefix = fc.stringMatching(/^[-_A-Za-z0-9]{1,16}$/);
  const spelledPosition = fc
    .tuple(fc.oneof(fc.stringMatching(/^[1-9]\d{0,128}$/), fc.constant('9'.repeat(129))), fc.option(fc.nat(99_999_999)))
    .map(([sequenceNumber, sub]) => (sub === null ? sequenceNumber : `${sequenceNumber}:${sub}`));

  it('is a label to Doris, whatever streams, shards and tables are called', () => {
    fc.assert(
      fc.property(
        fc.record({ prefix, stream: hostileText, streamName: hostileText, shard: hostileText, database: hostileText, table: hostileText }),
        fc.array(spelledPosition, { minLength: 1, maxLength: 5 }),
        (parts, positions) => {
          expect(labelWith({ ...parts, positions })).toMatch(/^[-_A-Za-z0-9:]{1,128}$/);
        },
      ),
    );
  });

  it('is not too long even where every part is as long as it gets', () => {
    const positions = Array.from({ length: 9_999 }, () => '9'.repeat(129));
    positions[0] = `${'9'.repeat(129)}:99999999`;

    const label = labelWith({ prefix: 'p'.repeat(16), streamName: 's'.repeat(128), shard: 'x'.repeat(128), positions });

    // 128 less the four digits by which the largest MAX_LOAD_ROWS, 10,000,000, is longer than 9,999.
    expect(label).toHaveLength(124);
  });

  it('shows people its prefix, stream, shard number, first position, count and format', () => {
    expect(labelWith({})).toMatch(/^doris-orders-3-1-3-1[-_A-Za-z0-9]{16}$/);
    expect(labelWith({ streamName: 'events.v1', shard: 'shardId-000000000000', positions: ['495:2'] })).toMatch(
      /^doris-events_v1-0-495:2-1-1/,
    );
  });

  it.each<[string, Partial<Parts>]>([
    ['prefix', { prefix: 'other' }],
    ['account', { stream: PARTS.stream.replace('123456789012', '210987654321') }],
    ['region', { stream: PARTS.stream.replace('eu-central-1', 'us-east-1') }],
    ['shard', { shard: 'shardId-000000000004' }],
    ['shard, in digits that people do not see', { shard: 'shardId-3' }],
    ['database', { database: 'shop2' }],
    ['table', { table: 'orders2' }],
    ['boundary between database and table', { database: 'shopo', table: 'rders' }],
    ['last member', { positions: ['1', '2', '4'] }],
    ['member in the middle', { positions: ['1', '9', '3'] }],
    ['number of members', { positions: ['1', '2'] }],
    ['sub-sequence', { positions: ['1', '2', '3:0'] }],
    ['order', { positions: ['1', '3', '2'] }],
    ['boundary between members', { positions: ['12', '3', '3'] }],
  ])('is another one for another %s', (_what, change) => {
    expect(labelWith(change)).not.toBe(labelWith({}));
    expect(labelWith(change).slice(-16)).not.toBe(labelWith({}).slice(-16));
  });

  it('tells ("ab","c") from ("a","bc") and `events.v1` from `events_v1`', () => {
    expect(labelWith({ database: 'ab', table: 'c' })).not.toBe(labelWith({ database: 'a', table: 'bc' }));
    const arn = (name: string) => PARTS.stream.replace('orders', name);
    expect(labelWith({ stream: arn('events.v1'), streamName: 'events.v1' })).not.toBe(
      labelWith({ stream: arn('events_v1'), streamName: 'events_v1' }),
    );
  });

  it('is the same exactly where all members are the same', () => {
    const members = fc.array(fc.integer({ min: 1, max: 5 }).map(String), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(members, members, (left, right) => {
        expect(labelWith({ positions: left }) === labelWith({ positions: right })).toBe(left.join() === right.join());
      }),
    );
  });

  it('needs a member', () => {
    expect(() => labelWith({ positions: [] })).toThrow(TypeError);
  });
});
