import { Stream } from 'node:stream';
import type { StoredRecord } from 'kinesalite/db/index.js';

/** `<shard index as 8 hex digits>/<sequence number>`: kinesalite's key of a record. */
type Key = string;

/** What kinesalite asks of the store of one stream's records. */
export interface RecordLog {
  put(key: Key, value: StoredRecord, done: Done): void;
  batch(operations: readonly Operation[], optionsOrDone: object | Done, done?: Done): void;
  createReadStream(range: { readonly gte: Key; readonly lt: Key }): Stream;
  /** The key of the newest record of a shard. */
  newest(shard: string): Key | undefined;
}

type Done = (error?: Error) => void;

type Operation = { readonly type: 'put'; readonly key: Key; readonly value: StoredRecord } | { readonly type: 'del'; readonly key: Key };

interface Entry {
  readonly key: Key;
  readonly value: StoredRecord;
}

/**
 * Records in memory, an ordered list for each shard. kinesalite's own store keeps every record as JSON text in a balanced tree, which cost
 * more than all the rest of a call; but sequence numbers only grow, so an append and a binary search do.
 */
export const createRecordLog = (): RecordLog => {
  const shards = new Map<string, Entry[]>();
  const entriesOf = (shard: string): Entry[] => {
    const known = shards.get(shard);
    if (known !== undefined) return known;
    const created: Entry[] = [];
    shards.set(shard, created);
    return created;
  };
  const apply = (operation: Operation): void => {
    const entries = entriesOf(shardOf(operation.key));
    if (operation.type === 'put') entries.push(operation);
    else entries.splice(placeOf(entries, operation.key), 1);
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
    createReadStream: (range) => streamOf(entriesOf(shardOf(range.gte)), range),
    newest: (shard) => shards.get(shard)?.at(-1)?.key,
  };
};

const shardOf = (key: Key): string => key.slice(0, key.indexOf('/'));

/** The place of the first entry that is not before the key. All keys of a shard have the same length. */
const placeOf = (entries: readonly Entry[], key: Key): number => {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.key ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** kinesalite writes into the values that it reads, so each reader gets its own; it destroys the stream when it has enough. */
const streamOf = (entries: readonly Entry[], range: { readonly gte: Key; readonly lt: Key }): Stream => {
  let isDestroyed = false;
  const stream = Object.assign(new Stream(), {
    destroy: () => {
      isDestroyed = true;
    },
  });
  process.nextTick(() => {
    for (let place = placeOf(entries, range.gte); place < entries.length && !isDestroyed; place++) {
      const entry = entries[place];
      if (entry === undefined || entry.key >= range.lt) break;
      stream.emit('data', { key: entry.key, value: { ...entry.value } });
    }
    stream.emit('end');
  });
  return stream;
};
