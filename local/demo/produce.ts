import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { DataSet, OutgoingRecord } from './data-set.ts';

/** PutRecords takes 500 records and, of the emulator, about 5 MB. */
const MOST_RECORDS = 500;
const MOST_BYTES = 3 * 1024 * 1024;
const CALLS_AT_ONCE = 4;
const TRIES = 20;

/** What goes onto the stream beside the data sets, and who is told. */
export interface ProduceOptions {
  /** Spread evenly among the others. */
  readonly poison: readonly OutgoingRecord[];
  /** How many records there are, more or less. */
  readonly about: number;
  readonly onSent: (count: number) => void;
}

/** Sends one data set after another. @returns how many records of each were sent. */
export async function produceSets(
  client: KinesisClient,
  stream: string,
  sets: readonly DataSet[],
  { poison, about, onSent }: ProduceOptions,
): Promise<readonly { readonly dataSet: DataSet; readonly count: number }[]> {
  const counts = sets.map((dataSet) => ({ dataSet, count: 0 }));
  async function* all(): AsyncGenerator<OutgoingRecord> {
    for (const entry of counts) {
      for await (const record of entry.dataSet.records()) {
        entry.count++;
        yield record;
      }
    }
  }
  await produce(client, stream, mixedIn(all(), poison, about), onSent);
  return counts;
}

/** Each record is on the stream exactly once when it returns. */
async function produce(
  client: KinesisClient,
  stream: string,
  records: AsyncIterable<OutgoingRecord>,
  onSent: (count: number) => void,
): Promise<void> {
  let sent = 0;
  const running = new Set<Promise<void>>();
  for await (const batch of inBatches(records)) {
    const call = putRecords(client, stream, batch).then(() => {
      running.delete(call);
      sent += batch.length;
      onSent(sent);
    });
    running.add(call);
    if (running.size >= CALLS_AT_ONCE) await Promise.race(running);
  }
  await Promise.all(running);
}

async function* inBatches(records: AsyncIterable<OutgoingRecord>): AsyncGenerator<OutgoingRecord[]> {
  let batch: OutgoingRecord[] = [];
  let size = 0;
  for await (const record of records) {
    if (batch.length === MOST_RECORDS || (batch.length > 0 && size + record.data.length > MOST_BYTES)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(record);
    size += record.data.length;
  }
  if (batch.length > 0) yield batch;
}

/** Puts up to 500 records on the stream, each exactly once: a partly refused call is repeated with what was refused. */
export async function putRecords(client: KinesisClient, stream: string, batch: readonly OutgoingRecord[]): Promise<void> {
  let open = batch;
  for (let attempt = 1; open.length > 0; attempt++) {
    if (attempt > TRIES) throw new Error(`${open.length} records were refused ${TRIES} times by stream ${stream}`);
    const Records = open.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey }));
    const reply = await client.send(new PutRecordsCommand({ StreamName: stream, Records }));
    open = open.filter((_, index) => reply.Records?.[index]?.ErrorCode !== undefined);
  }
}

/** Spreads the extra records evenly among the others, given about how many those are. */
export async function* mixedIn(
  records: AsyncIterable<OutgoingRecord>,
  extra: readonly OutgoingRecord[],
  about: number,
): AsyncGenerator<OutgoingRecord> {
  const waiting = [...extra];
  const every = Math.max(1, Math.floor(about / (extra.length + 1)));
  let n = 0;
  for await (const record of records) {
    yield record;
    const next = ++n % every === 0 ? waiting.shift() : undefined;
    if (next !== undefined) yield next;
  }
  yield* waiting;
}
