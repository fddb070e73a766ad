import { gzipSync } from 'node:zlib';
import type { OutgoingRecord } from './data-set.ts';

/** A kind of record that can never load, and what its dead letter must say. */
interface PoisonKind {
  readonly name: string;
  readonly data: Buffer;
  readonly errorClass: 'decode' | 'oversize' | 'data-quality';
  /** What the reason must contain. */
  readonly reason: string;
}

/** Larger than `MAX_ROW_BYTES` of the demo's function. */
export const DEMO_MAX_ROW_BYTES = 262_144;

const flight = (changes: object) =>
  Buffer.from(JSON.stringify({ id: 1, date: '2001-01-01 00:00:00', delay: 1, distance: 1, origin: 'AAA', destination: 'BBB', ...changes }));

const POISON_KINDS: readonly PoisonKind[] = [
  { name: 'empty', data: Buffer.alloc(0), errorClass: 'decode', reason: 'empty' },
  { name: 'not JSON', data: Buffer.from('gate closed'), errorClass: 'decode', reason: 'not JSON' },
  { name: 'cut off', data: flight({}).subarray(0, 40), errorClass: 'decode', reason: 'not JSON' },
  { name: 'an array', data: Buffer.from('[1,2,3]'), errorClass: 'decode', reason: 'array' },
  { name: 'two documents', data: Buffer.concat([flight({}), flight({})]), errorClass: 'decode', reason: 'more than one' },
  { name: 'invalid UTF-8', data: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), errorClass: 'decode', reason: 'UTF-8' },
  { name: 'damaged gzip', data: gzipSync(flight({})).subarray(0, 30), errorClass: 'decode', reason: 'gzip' },
  {
    name: 'damaged KPL aggregate',
    data: Buffer.concat([Buffer.from('f3899ac2', 'hex'), Buffer.alloc(40, 7)]),
    errorClass: 'decode',
    reason: 'KPL',
  },
  { name: 'oversize', data: flight({ origin: 'A'.repeat(DEMO_MAX_ROW_BYTES) }), errorClass: 'oversize', reason: 'larger than' },
  { name: 'text in a number', data: flight({ delay: 'late' }), errorClass: 'data-quality', reason: 'delay' },
  { name: 'null where none may be', data: flight({ distance: null }), errorClass: 'data-quality', reason: 'distance' },
  { name: 'text too long', data: flight({ origin: 'ATLANTA' }), errorClass: 'data-quality', reason: 'origin' },
  { name: 'no such day', data: flight({ date: '2001-02-31 00:00:00' }), errorClass: 'data-quality', reason: 'date' },
  { name: 'no known field', data: Buffer.from('{}'), errorClass: 'data-quality', reason: 'no column' },
];

const COPIES = 3;

/** One poison record with the name that its dead letter will carry as partition key. */
export interface PoisonRecord extends OutgoingRecord {
  readonly kind: PoisonKind;
}

/** Iggy takes no empty messages, and knows no KPL. */
const OF_KINESIS: ReadonlySet<string> = new Set(['empty', 'damaged KPL aggregate']);

/** Some of every kind that a source can bring, each with a partition key of its own. @param isPositioned - whether each row is given position columns. */
export function poisonRecords(source: 'kinesis' | 'iggy' = 'kinesis', isPositioned = false): PoisonRecord[] {
  // Then Doris knows a field of every row, and misses the others.
  const kinds = POISON_KINDS.map((kind) => (isPositioned && kind.reason === 'no column' ? { ...kind, reason: 'null' } : kind));
  return kinds
    .filter(({ name }) => source === 'kinesis' || !OF_KINESIS.has(name))
    .flatMap((kind) =>
      Array.from({ length: COPIES }, (_, copy) => ({ kind, data: kind.data, partitionKey: `poison/${kind.name}/${copy + 1}` })),
    );
}
