import type { HttpSink } from '../iggy/http-sink.ts';
import { createPartition, type IggyMessage } from '../iggy/topic.ts';
import type { DataSet, OutgoingRecord } from './data-set.ts';
import type { ReadLetter } from './dead-letters.ts';
import { mixedIn, type ProduceOptions } from './produce.ts';
import { DATABASE } from './stack.ts';

const PARTITIONS = 2;
/** Messages of one poll of the connector: a body of them stays far below 1 MiB. */
const BATCH_LENGTH = 500;

/** Names a record by what its letter says. */
export function nameOf({ stream, shard, position }: Pick<ReadLetter, 'stream' | 'shard' | 'position'>): string {
  return `${stream} ${shard} ${position}`;
}

interface Sinks {
  /** For documents: their text stands as it is. */
  readonly text: HttpSink;
  /** For poison, which may be any bytes. */
  readonly raw: HttpSink;
}

/**
 * Sends one data set after another, each over a topic of its own, the poison among the first.
 * @param names - is told under which name each poison record was sent.
 * @throws {Error} when the connector dropped a message, as it does with what it cannot deliver.
 */
export async function produceOverIggy(
  sets: readonly DataSet[],
  sinks: Sinks,
  names: Map<string, string>,
  { poison, about, onSent }: ProduceOptions,
): Promise<readonly { readonly dataSet: DataSet; readonly count: number }[]> {
  const counts: { readonly dataSet: DataSet; readonly count: number }[] = [];
  let sent = 0;
  for (const dataSet of sets) {
    const extra = counts.length === 0 ? poison : [];
    const count = await produceSet(dataSet, sinks, names, { poison: extra, about, onSent: (more) => onSent(sent + more) });
    sent += count + extra.length;
    counts.push({ dataSet, count });
  }
  onSent(sent);
  const dropped = sinks.text.counts().dropped + sinks.raw.counts().dropped;
  if (dropped > 0) throw new Error(`http_sink dropped ${dropped} messages: they never reached the queue`);
  return counts;
}

async function produceSet(
  dataSet: DataSet,
  sinks: Sinks,
  names: Map<string, string>,
  { poison, about, onSent }: ProduceOptions,
): Promise<number> {
  const extra = new Set(poison);
  const topic = createTopic(dataSet.name);
  let sent = 0;
  for await (const record of mixedIn(dataSet.records(), poison, about)) {
    const name = await (extra.has(record) ? sendPoison : send)(topic, record, sinks);
    // Lines of somebody's own file are named in what is said of them.
    if (extra.has(record) || dataSet.definition !== undefined) names.set(name, record.partitionKey);
    if (++sent % BATCH_LENGTH === 0) onSent(sent);
  }
  await topic.flush(sinks.text);
  return sent - poison.length;
}

type Topic = ReturnType<typeof createTopic>;

/** @returns how a letter of it would name it. */
async function send(topic: Topic, record: OutgoingRecord, sinks: Sinks): Promise<string> {
  const name = topic.append(record);
  if (topic.waiting() >= BATCH_LENGTH) await topic.flush(sinks.text);
  return name;
}

/** @returns how its letter will name it. */
async function sendPoison(topic: Topic, record: OutgoingRecord, sinks: Sinks): Promise<string> {
  await topic.flush(sinks.text);
  const name = topic.append(record);
  await topic.flush(sinks.raw);
  return name;
}

/** A topic of several partitions whose messages the connector has not polled yet. */
function createTopic(name: string) {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({
    partition: createPartition(DATABASE, name, partition),
    messages: [] as IggyMessage[],
  }));
  let next = 0;
  return {
    waiting: () => Math.max(...partitions.map(({ messages }) => messages.length)),
    /** @returns how a letter of it would name it. */
    append: ({ data }: OutgoingRecord): string => {
      const lane = partitions[next++ % PARTITIONS];
      if (lane === undefined) throw new TypeError('a topic without partitions');
      const { partition, messages } = lane;
      const message = partition.append(data);
      messages.push(message);
      const { stream, topic } = partition;
      return nameOf({ stream: `${stream}/${topic}`, shard: String(partition.partition), position: String(message.offset) });
    },
    flush: async (sink: HttpSink): Promise<void> => {
      for (const { partition, messages } of partitions) if (messages.length > 0) await sink.consume(messages.splice(0), partition);
    },
  };
}
