import { GetShardIteratorCommand, type KinesisClient } from '@aws-sdk/client-kinesis';
import { largestRequest } from '../function-process/invoke-result.ts';
import type { EventSpeller, ShardRecord } from './kinesis-event.ts';
import { type Page, readPage } from './read-page.ts';
import type { StartingPosition } from './settings.ts';
import { createSignal, type Signal } from './signal.ts';

/** Which shard is read, and how. */
export interface ShardReaderOptions {
  readonly kinesis: KinesisClient;
  readonly streamArn: string;
  readonly shardId: string;
  readonly speller: EventSpeller;
  readonly startingPosition: StartingPosition;
  readonly pollIntervalMillis: number;
  /** Reading pauses while this many records wait. */
  readonly mostBuffered: number;
  /** Of the last call of `drained()`; a read that began later has seen everything put before that call. */
  readonly currentTicket: () => number;
  readonly onChanged: () => void;
  readonly onReadFailure: (reason: string) => void;
}

/** The records of one shard in order, read ahead of the function. */
export interface ShardReader {
  /** Notified when records arrive, when the tip is reached, and when the shard ends. */
  readonly changed: Signal;
  peek(): readonly ShardRecord[];
  take(count: number): readonly ShardRecord[];
  /** Puts records that were taken back to the head. */
  putBack(records: readonly ShardRecord[]): void;
  /** The shard is closed and was read to its end. */
  isEnded(): boolean;
  /** How many records had been read when a read that began after the ticket reached the tip; undefined before. */
  readAtTip(ticket: number): number | undefined;
  /** Reads at once instead of at the end of the pause. */
  wake(): void;
  stop(): Promise<void>;
}

/** Starts to read; resolves when the position is fixed, so that what is put afterwards will be read. */
export async function startShardReader(options: ShardReaderOptions): Promise<ShardReader> {
  const state: State = { buffer: [], bytes: 0, read: 0, last: undefined, isEnded: false, isStopped: false, tips: new Map() };
  const signals = { changed: createSignal(), wakeUp: createSignal() };
  const loop = readLoop(options, state, { ...signals, iterator: await iteratorOf(options, undefined) });
  return {
    changed: signals.changed,
    peek: () => state.buffer,
    take: (count) => {
      const taken = state.buffer.splice(0, count);
      state.bytes -= bytesOf(taken);
      signals.wakeUp.notify();
      return taken;
    },
    putBack: (records) => {
      state.buffer.unshift(...records);
      state.bytes += bytesOf(records);
    },
    isEnded: () => state.isEnded,
    readAtTip: (ticket) => [...state.tips].find(([seen]) => seen >= ticket)?.[1],
    wake: () => signals.wakeUp.notify(),
    stop: async () => {
      state.isStopped = true;
      signals.wakeUp.notify();
      signals.changed.notify();
      await loop;
    },
  };
}

interface State {
  readonly buffer: ShardRecord[];
  /** Of the events' text that the buffer holds. */
  bytes: number;
  /** Records read so far. */
  read: number;
  last: string | undefined;
  isEnded: boolean;
  isStopped: boolean;
  /** The first sight of the tip under each ticket, in order. */
  readonly tips: Map<number, number>;
}

interface LoopStart {
  readonly changed: Signal;
  readonly wakeUp: Signal;
  readonly iterator: string | undefined;
}

/** Two events' worth: one that the function works on, one that waits. */
const mostBufferedBytes = 2 * largestRequest;

function bytesOf(records: readonly ShardRecord[]): number {
  return records.reduce((sum, record) => sum + record.bytes, 0);
}

async function readLoop(options: ShardReaderOptions, state: State, start: LoopStart): Promise<void> {
  let { iterator } = start;
  while (!state.isStopped && iterator !== undefined) {
    if (state.buffer.length >= options.mostBuffered || state.bytes >= mostBufferedBytes) {
      await start.wakeUp.wait();
      continue;
    }
    const ticket = options.currentTicket();
    const read = await readOnce(options, iterator);
    if (read.kind === 'failed') {
      options.onReadFailure(read.reason);
      await start.wakeUp.wait(options.pollIntervalMillis);
      iterator = await iteratorAfter(options, state, { read, iterator });
      continue;
    }
    keep(state, { page: read.page, speller: options.speller, ticket });
    iterator = read.page.nextIterator;
    start.changed.notify();
    options.onChanged();
    // Whoever waits for the tip under a newer ticket waits for the next read.
    const mayRest = read.page.isAtTip && ticket === options.currentTicket();
    if (mayRest && !state.isStopped) await start.wakeUp.wait(options.pollIntervalMillis);
  }
}

interface Kept {
  readonly page: Page;
  readonly speller: EventSpeller;
  readonly ticket: number;
}

function keep(state: State, { page, speller, ticket }: Kept): void {
  for (const record of page.records) {
    const measured = speller.measure(record);
    state.buffer.push(measured);
    state.bytes += measured.bytes;
    state.last = record.sequenceNumber;
  }
  state.read += page.records.length;
  if (page.isAtTip && !state.tips.has(ticket)) state.tips.set(ticket, state.read);
  state.isEnded = page.nextIterator === undefined;
}

type Read =
  | { readonly kind: 'read'; readonly page: Page }
  | { readonly kind: 'failed'; readonly reason: string; readonly isIteratorLost: boolean };

async function readOnce({ kinesis, streamArn }: ShardReaderOptions, iterator: string): Promise<Read> {
  try {
    return { kind: 'read', page: await readPage(kinesis, streamArn, iterator) };
  } catch (thrown) {
    const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { kind: 'failed', reason: `${name}: ${message}`, isIteratorLost: name === 'ExpiredIteratorException' };
  }
}

/** An iterator lives five minutes; after that the place is found again by the last record read. */
async function iteratorAfter(
  options: ShardReaderOptions,
  state: State,
  { read, iterator }: { readonly read: Extract<Read, { kind: 'failed' }>; readonly iterator: string },
): Promise<string | undefined> {
  if (!read.isIteratorLost) return iterator;
  return iteratorOf(options, state.last).catch(() => iterator);
}

async function iteratorOf(options: ShardReaderOptions, after: string | undefined): Promise<string | undefined> {
  const { kinesis, streamArn, shardId, startingPosition } = options;
  const position =
    after === undefined
      ? {
          ShardIteratorType: startingPosition.kind,
          ...(startingPosition.kind === 'AT_TIMESTAMP' ? { Timestamp: startingPosition.timestamp } : {}),
        }
      : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const, StartingSequenceNumber: after };
  const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand({ StreamARN: streamArn, ShardId: shardId, ...position }));
  return ShardIterator;
}
