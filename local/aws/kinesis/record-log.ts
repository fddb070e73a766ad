import type { StoredRecord } from 'kinesalite/db/index.js';

/** `<shard index as 8 hex digits>/<sequence number>`: kinesalite's key of a record. */
type Key = string;

/** A record as GetRecords spells it. */
export interface LoggedRecord extends StoredRecord {
  readonly SequenceNumber: string;
}

/** The records of one stream: what kinesalite asks of its store, and what reads it. */
export interface RecordLog {
  put(key: Key, value: StoredRecord, done: Done): void;
  batch(operations: readonly Operation[], optionsOrDone: object | Done, done?: Done): void;
  /** Records of a shard from the key on. */
  read(from: Key, atMost: number): readonly LoggedRecord[];
  /** The first record of a shard that arrived at the time, in epoch seconds, or later. */
  firstSince(shard: string, time: number): LoggedRecord | undefined;
  /** Forgets the records of a shard that arrived before the time, in epoch seconds. */
  trim(shard: string, before: number): void;
  /** The sequence number of the newest record of a shard. */
  newest(shard: string): string | undefined;
}

type Done = (error?: Error) => void;

type Operation = { readonly type: 'put'; readonly key: Key; readonly value: StoredRecord } | { readonly type: 'del'; readonly key: Key };

/**
 * Records in memory, an ordered list for each shard. kinesalite's own store keeps every record as JSON text in a balanced tree, which cost
 * more than all the rest of a call; but sequence numbers only grow, so an append and a binary search do.
 */
export function createRecordLog(): RecordLog {
  const shards = new Map<string, LoggedRecord[]>();
  const entriesOf = (shard: string): LoggedRecord[] => {
    const known = shards.get(shard);
    if (known !== undefined) return known;
    const created: LoggedRecord[] = [];
    shards.set(shard, created);
    return created;
  };
  const apply = (operation: Operation): void => {
    if (operation.type === 'del') return;
    const { key, value } = operation;
    const shard = shardOf(key);
    const { PartitionKey, Data, ApproximateArrivalTimestamp } = value;
    entriesOf(shard).push({ PartitionKey, Data, ApproximateArrivalTimestamp, SequenceNumber: sequenceOf(key) });
  };
  return {
    put: (key, value, done) => {
      apply({ type: 'put', key, value });
      process.nextTick(done);
    },
    batch: (operations, optionsOrDone, done) => {
      operations.forEach(apply);
      process.nextTick(done ?? (optionsOrDone as Done));
    },
    read: (from, atMost) => {
      const entries = entriesOf(shardOf(from));
      const start = placeOf(entries, sequenceOf(from));
      return entries.slice(start, start + atMost);
    },
    firstSince: (shard, time) => entriesOf(shard).find((entry) => entry.ApproximateArrivalTimestamp >= time),
    trim: (shard, before) => {
      const entries = entriesOf(shard);
      const kept = entries.findIndex((entry) => entry.ApproximateArrivalTimestamp >= before);
      if (kept !== 0) entries.splice(0, kept === -1 ? entries.length : kept);
    },
    newest: (shard) => shards.get(shard)?.at(-1)?.SequenceNumber,
  };
}

function shardOf(key: Key): string {
  return key.slice(0, key.indexOf('/'));
}

function sequenceOf(key: Key): string {
  return key.slice(key.indexOf('/') + 1);
}

/** The place of the first entry that is not before the number. All numbers of a shard have the same length. */
function placeOf(entries: readonly LoggedRecord[], sequenceNumber: string): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.SequenceNumber ?? '') < sequenceNumber) low = middle + 1;
    else high = middle;
  }
  return low;
}
