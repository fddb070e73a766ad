import { GetRecordsCommand, GetShardIteratorCommand, InvalidArgumentException, type KinesisClient } from '@aws-sdk/client-kinesis';

/** One shard of a stream in memory, as those see it who read it again. */
export interface MemoryStream {
  readonly client: KinesisClient;
  /** Puts a record; sequence numbers count from 1000. */
  put(n: number, data?: string): void;
  /** Drops every record before the one with this number. */
  trim(n: number): void;
  /** While set, every call fails with it. */
  fails: Error | undefined;
}

/** So many records a page has at most. */
const PAGE = 3;

export function memoryStream(): MemoryStream {
  let records: { readonly SequenceNumber: string; readonly Data: Uint8Array }[] = [];
  const begin = ({ ShardIteratorType, StartingSequenceNumber }: GetShardIteratorCommand['input']) => {
    if (ShardIteratorType === 'TRIM_HORIZON') return { ShardIterator: '0' };
    const at = records.findIndex(({ SequenceNumber }) => SequenceNumber === StartingSequenceNumber);
    if (at === -1) throw new InvalidArgumentException({ message: `no ${StartingSequenceNumber}`, $metadata: {} });
    return { ShardIterator: String(at) };
  };
  const read = ({ ShardIterator }: GetRecordsCommand['input']) => {
    const from = Number(ShardIterator);
    const Records = records
      .slice(from, from + PAGE)
      .map((record) => ({ ...record, PartitionKey: 'k', ApproximateArrivalTimestamp: new Date(0) }));
    return { Records, NextShardIterator: String(from + PAGE), MillisBehindLatest: Math.max(0, records.length - from - PAGE) };
  };
  const stream: MemoryStream = {
    client: {
      send: async (command: unknown) => {
        if (stream.fails !== undefined) throw stream.fails;
        if (command instanceof GetShardIteratorCommand) return begin(command.input);
        if (command instanceof GetRecordsCommand) return read(command.input);
        throw new TypeError('no command of a reader');
      },
    } as unknown as KinesisClient,
    put: (n, data = `{"n":${n}}`) => records.push({ SequenceNumber: String(1_000 + n), Data: Buffer.from(data) }),
    trim: (n) => {
      records = records.filter(({ SequenceNumber }) => Number(SequenceNumber) >= 1_000 + n);
    },
    fails: undefined,
  };
  return stream;
}
