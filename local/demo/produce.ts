import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { OutgoingRecord } from './data-set.ts';

/** PutRecords takes 500 records and, of the emulator, about 5 MB. */
const MOST_RECORDS = 500;
const MOST_BYTES = 3 * 1024 * 1024;
const CALLS_AT_ONCE = 4;
const TRIES = 20;

/** Puts records on a stream; each is there exactly once when it returns. @returns how many. */
export async function produce(
  client: KinesisClient,
  stream: string,
  records: AsyncIterable<OutgoingRecord>,
  onSent: (count: number) => void,
): Promise<number> {
  let sent = 0;
  const running = new Set<Promise<void>>();
  for await (const batch of inBatches(records)) {
    const call = put(client, stream, batch).then(() => {
      running.delete(call);
      sent += batch.length;
      onSent(sent);
    });
    running.add(call);
    if (running.size >= CALLS_AT_ONCE) await Promise.race(running);
  }
  await Promise.all(running);
  return sent;
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

/** A partly refused call is repeated with what was refused. */
async function put(client: KinesisClient, stream: string, batch: readonly OutgoingRecord[]): Promise<void> {
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

/** One stream after another. */
export async function* oneAfterAnother<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  for (const source of sources) yield* source;
}
