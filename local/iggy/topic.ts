/** A message as a topic keeps it. */
export interface IggyMessage {
  readonly offset: bigint;
  /** 32 hex digits. */
  readonly id: string;
  /** When the server took it, in microseconds. */
  readonly timestamp: bigint;
  readonly payload: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** One partition of a topic: a log that counts its messages. */
export interface IggyPartition {
  readonly stream: string;
  readonly topic: string;
  readonly partition: number;
  append(payload: Buffer, message?: Partial<Pick<IggyMessage, 'id' | 'headers'>>): IggyMessage;
  /** Leaves a gap, as a server does that reserved offsets and crashed. */
  skip(offsets: bigint): void;
  /** Empties it; offsets begin at 0 again, and so name other messages than before. */
  purge(): void;
}

/** An empty partition. Only what a connector sees of one is played: offsets, ids and times. */
export function createPartition(stream: string, topic: string, partition: number, now: () => number = Date.now): IggyPartition {
  let next = 0n;
  let minted = 0n;
  let last = 0n;
  return {
    stream,
    topic,
    partition,
    append: (payload, { id, headers = {} } = {}) => {
      minted += 1n;
      // A server never gives two messages of one partition the same place in time.
      last = BigInt(now()) * 1000n > last ? BigInt(now()) * 1000n : last + 1n;
      const message = { offset: next, id: id ?? idOf(partition, minted), timestamp: last, payload, headers };
      next += 1n;
      return message;
    },
    skip: (offsets) => {
      next += offsets;
    },
    purge: () => {
      next = 0n;
    },
  };
}

function idOf(partition: number, minted: bigint): string {
  return partition.toString(16).padStart(8, '0') + minted.toString(16).padStart(24, '0');
}
