import { createHash } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Label, labelOf } from '../../../lib/plan/label.ts';
import { iggyPosition } from '../../../lib/source/position.ts';
import vectors from '../../vectors/labels.json' with { type: 'json' };

interface Member {
  readonly offset: string;
  readonly id?: string;
  readonly timestamp?: string;
}

interface Parts {
  readonly prefix: string;
  readonly stream: string;
  readonly topic: string;
  readonly partition: string;
  readonly database: string;
  readonly table: string;
  readonly members: readonly Member[];
}

const member = (offset: string, more: Partial<Member> = {}): Member => ({ offset, id: '0'.repeat(32), timestamp: '1', ...more });

const PARTS: Parts = {
  prefix: 'doris',
  stream: 'shop',
  topic: 'orders',
  partition: '3',
  database: 'shop',
  table: 'orders',
  members: [member('1'), member('2'), member('3')],
};

function labelWith(change: Partial<Parts>): Label {
  const { prefix, stream, topic, partition, database, table, members } = { ...PARTS, ...change };
  return labelOf(prefix, {
    source: { kind: 'iggy', stream: `${stream}/${topic}`, streamName: stream, topicName: topic, shard: partition },
    target: { database, table },
    members: members.map(({ offset, id, timestamp }) => ({
      position: iggyPosition(offset),
      itemIdentifier: 'a-message-of-sqs',
      ...(id === undefined || timestamp === undefined ? {} : { iggy: { id, timestamp } }),
    })),
  });
}

describe('golden labels of Iggy', () => {
  it.each(vectors.iggy)('$about: $label', ({ input, label }) => {
    expect(labelWith(input)).toBe(label);
  });

  it.each(vectors.iggy)(
    'end in BLAKE3 over the raw values and the SHA-256 of the members, each behind its length: $about',
    ({ input, label }) => {
      const { prefix, stream, topic, partition, database, table } = input;
      const members: readonly Member[] = input.members;
      const identities = members.flatMap(({ offset, id, timestamp }) =>
        id === undefined || timestamp === undefined ? [iggyPosition(offset)] : [iggyPosition(offset), id, timestamp],
      );
      const encode = (values: readonly string[]) =>
        Buffer.concat(values.map((value) => Buffer.from(`${Buffer.from(value).length}:${value}`)));
      const digest = createHash('sha256').update(encode(identities)).digest('hex');
      const encoded = encode(['1', prefix, 'iggy', stream, topic, partition, database, table, `${members.length}`, digest]);

      const hash = Buffer.from(blake3(encoded)).subarray(0, 12).toString('base64').replaceAll('+', '-').replaceAll('/', '_');

      expect(label.slice(-17)).toBe(`1${hash}`);
    },
  );
});

describe('a label of Iggy messages', () => {
  it('is a label to Doris, whatever streams and topics are called', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(name, name, fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(2 ** 32 - 1), (stream, topic, offset, partition) => {
        const label = labelWith({ prefix: 'p'.repeat(16), stream, topic, partition: String(partition), members: [member(String(offset))] });

        expect(label).toMatch(/^[-_A-Za-z0-9:]{1,128}$/);
      }),
    );
  });

  it('reads as prefix, stream, topic, partition, first offset and count', () => {
    expect(labelWith({ stream: 'events.v1', topic: 'clicks', members: [member('42'), member('44')] })).toMatch(
      /^doris-events_v1-clicks-3-42-2-1[-_A-Za-z0-9]{16}$/,
    );
  });

  it.each<readonly [string, Partial<Parts>]>([
    ['stream', { stream: 'shop2' }],
    ['topic', { topic: 'order' }],
    ['boundary between stream and topic', { stream: 'shopo', topic: 'rders' }],
    ['partition', { partition: '4' }],
    ['table', { table: 'order' }],
    ['offset of a member', { members: [member('1'), member('2'), member('4')] }],
    ['id of a member: two messages may have one offset', { members: [member('1'), member('2'), member('3', { id: '1'.repeat(32) })] }],
    ['time of a member: a purged topic counts from 0 again', { members: [member('1'), member('2'), member('3', { timestamp: '2' })] }],
    ['order of members', { members: [member('2'), member('1'), member('3')] }],
    ['number of members', { members: [member('1'), member('2')] }],
    ['boundary between offset, id and time', { members: [member('1'), member('2'), member('31', { timestamp: '' })] }],
  ])('changes with the %s', (_, change) => {
    expect(labelWith(change)).not.toBe(labelWith({}));
  });
});
