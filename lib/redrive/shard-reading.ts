import { InvalidArgumentException, ResourceNotFoundException } from '@aws-sdk/client-kinesis';
import { type DecodeRules, decodeKinesisEvent } from '../source/kinesis.ts';
import { kinesisPosition, type Position, spellPosition } from '../source/position.ts';
import type { DecodedRecord, KinesisShard } from '../source/record.ts';
import { type EventRecord, type RecordReader, readShard, readSpan, type Start } from '../source/stream.ts';

/** The stream did not answer, or refuses to be read. */
export class StreamUnavailable extends Error {
  override readonly name = 'StreamUnavailable';
}

/** Records between two sequence numbers, ends included, as far as the stream has them still. @throws {StreamUnavailable} */
export async function stillThere(
  streams: RecordReader,
  source: KinesisShard,
  first: string,
  last: string,
): Promise<readonly EventRecord[]> {
  return await orGone(readSpan(streams, source, first, last), async () => []);
}

/** Kinesis so answers for a number that it has trimmed or that is of another shard, and for a shard that is gone. */
async function orGone<T>(reading: Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof InvalidArgumentException || error instanceof ResourceNotFoundException) return await otherwise();
    if (error instanceof StreamUnavailable) throw error;
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new StreamUnavailable(`the stream cannot be read: ${why}`, { cause: error });
  }
}

/** A stretch of a shard: behind one position, or from its oldest record on, up to a sequence number. */
export interface Stretch {
  readonly source: KinesisShard;
  readonly after: Position | undefined;
  readonly last: string;
  readonly decode: DecodeRules;
  /** Asked before each page but the first. */
  readonly hasTime: () => boolean;
}

/** `gone`: the stream does not have its last record. `open`: it has one that is meant. `clear`: it has none. */
export type Ahead = { readonly kind: 'gone' | 'clear' } | { readonly kind: 'open'; readonly position: Position };

/** Looks through a stretch for the first record that is meant. @throws {StreamUnavailable} also when time is over first. */
export async function lookAhead(streams: RecordReader, stretch: Stretch, isMeant: (one: DecodedRecord) => boolean): Promise<Ahead> {
  const from = (start: Start) => lookFrom(streams, stretch, start, isMeant);
  const oldest = () => orGone<Ahead>(from({ kind: 'oldest' }), async () => ({ kind: 'gone' }));
  if (stretch.after === undefined) return await oldest();
  const [sequenceNumber = ''] = spellPosition(stretch.after).split(':');
  return await orGone(from({ kind: 'at', sequenceNumber }), oldest);
}

async function lookFrom(
  streams: RecordReader,
  { source, after, last, decode, hasTime }: Stretch,
  start: Start,
  isMeant: (one: DecodedRecord) => boolean,
): Promise<Ahead> {
  const end = kinesisPosition(last);
  const isBehind = (one: DecodedRecord): boolean => after === undefined || one.record.position > after;
  let isFirst = true;
  for await (const page of readShard(streams, source, start)) {
    if (!isFirst && !hasTime()) throw new StreamUnavailable('there is no time to read what lies before it in its shard');
    isFirst = false;
    const inside = page.filter(({ kinesis }) => kinesisPosition(kinesis.sequenceNumber) <= end);
    const position = firstIn(inside, decode, (one) => isBehind(one) && isMeant(one));
    if (position !== undefined) return { kind: 'open', position };
    if (inside.at(-1)?.kinesis.sequenceNumber === last) return { kind: 'clear' };
    if (inside.length < page.length) return { kind: 'gone' };
  }
  return { kind: 'gone' };
}

function firstIn(Records: readonly EventRecord[], decode: DecodeRules, isMeant: (one: DecodedRecord) => boolean): Position | undefined {
  for (const { records, leftFrom } of Records.length === 0 ? [] : decodeKinesisEvent({ Records }, decode)) {
    const found = records.find(isMeant);
    if (found !== undefined) return found.record.position;
    // What does not fit into memory at once may be meant as well.
    if (leftFrom !== undefined) return kinesisPosition(leftFrom);
  }
  return undefined;
}
