import type { OutgoingRecord } from '../demo/data-set.ts';

/** What a record's dead letter must say. */
export interface Verdict {
  readonly errorClass: 'decode' | 'data-quality';
  /** What the reason must contain. */
  readonly reason: string;
}

/** The table that the records go to. */
export const TABLE = 'chaos';

export const CREATE_TABLE = `CREATE TABLE ${TABLE} (\`id\` BIGINT NOT NULL, \`word\` VARCHAR(8) NOT NULL)
  DUPLICATE KEY(\`id\`) DISTRIBUTED BY HASH(\`id\`) BUCKETS 4 PROPERTIES ("replication_num" = "1")`;

interface PoisonKind extends Verdict {
  readonly payload: (id: number) => string;
}

const POISON_KINDS: readonly PoisonKind[] = [
  { errorClass: 'decode', reason: 'not JSON', payload: (id) => `{"id":${id},"word":` },
  { errorClass: 'data-quality', reason: 'word', payload: (id) => `{"id":${id},"word":"longer than eight"}` },
  { errorClass: 'decode', reason: 'array', payload: (id) => `[${id}]` },
  { errorClass: 'data-quality', reason: 'word', payload: (id) => `{"id":${id},"word":null}` },
];

/** One record in so many is poison. */
const POISON_EVERY = 131;

/** What becomes of a record: undefined when it belongs into the table. */
export function poisonOf(id: number): Verdict | undefined {
  return poisonKindOf(id);
}

function poisonKindOf(id: number): PoisonKind | undefined {
  return id % POISON_EVERY === POISON_EVERY - 1 ? POISON_KINDS[Math.floor(id / POISON_EVERY) % POISON_KINDS.length] : undefined;
}

/** The record with this number; its partition key is the number, so that its dead letter tells which it was. */
export function recordOf(id: number): OutgoingRecord {
  const payload = poisonKindOf(id)?.payload(id) ?? `{"id":${id},"word":"w${id % 1000}"}`;
  return { data: Buffer.from(payload), partitionKey: String(id) };
}
