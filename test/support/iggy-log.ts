import { expect } from 'vitest';
import { bytesOf } from '../../lib/source/slice.ts';
import type { QueueWorld } from './queue-world.ts';
import type { Nature } from './shard.ts';
import { numbersIn } from './shard.ts';

/** One message of a made-up topic. Good and refused ones are `{"n":<n>,"nature":...}`. */
export interface LogEntry {
  readonly n: number;
  readonly nature: Nature;
  readonly partition: number;
  readonly offset: number;
  readonly envelope: string;
}

/** What a test says about a log: natures in order, before which of them offsets begin again, and where partitions alternate. */
export interface LogPlan {
  readonly natures: readonly Nature[];
  readonly purgedBefore?: number;
  readonly gapBefore?: number;
  readonly partitions?: number;
}

/** The messages of a topic, in the order in which the server took them. */
export function logOf({ natures, purgedBefore, gapBefore, partitions = 1 }: LogPlan): LogEntry[] {
  const next = new Map<number, number>();
  return natures.map((nature, n) => {
    if (n === purgedBefore) next.clear();
    const partition = n % partitions;
    const offset = (next.get(partition) ?? 0) + (n === gapBefore ? 70_000 : 0);
    next.set(partition, offset + 1);
    const text = JSON.stringify({ n, nature });
    const payload = nature === 'broken' ? `"${n} is broken"` : text;
    const envelope = `{"metadata":{"iggy_id":"${n.toString(16).padStart(32, '0')}","iggy_offset":${offset},"iggy_partition_id":${partition},"iggy_stream":"shop","iggy_timestamp":${1_700_000_000_000_000 + n * 1000},"iggy_topic":"orders"},"payload":${payload}}`;
    return { n, nature, partition, offset, envelope };
  });
}

/** A body of http_sink in mode json_array. */
export function arrayOf(entries: readonly LogEntry[]): string {
  return `[${entries.map(({ envelope }) => envelope).join(',')}]`;
}

/** Every message of a made-up topic is in one place, and in the table once; a letter may be there twice. */
export function expectEachOnce(world: QueueWorld, log: readonly LogEntry[]): void {
  const stored = numbersIn(world.doris.tables.get('db.t'));
  const letters = new Set(world.letters.map(({ record }) => /\d+/.exec(bytesOf(record.payload).toString())?.[0]).map(Number));
  expect(stored.length, 'a row is stored twice').toBe(new Set(stored).size);
  for (const { n, nature } of log) {
    const places = [stored.includes(n) && 'table', letters.has(n) && 'letters'].filter(Boolean);
    if (nature === 'good') expect(places, `good message ${n}`).toEqual(['table']);
    if (nature === 'broken') expect(places, `broken message ${n}`).toEqual(['letters']);
    if (nature === 'refused') expect(places, `refused message ${n}`).toHaveLength(1);
  }
}
