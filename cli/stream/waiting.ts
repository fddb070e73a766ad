import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  InvalidArgumentException,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import { asked } from '../aws.ts';

/** From where a shard is read: a record itself, what comes after it, or the oldest record that the stream still has. */
export type From = { readonly kind: 'at' | 'after'; readonly sequenceNumber: string } | { readonly kind: 'oldest' };

/**
 * What a shard has from there on: the arrival of the next record, nothing (yet), or nothing for ever. `truncated`: the stream no longer
 * knows the place, and its oldest record was taken instead.
 */
export interface Waiting {
  readonly next: { readonly kind: 'record'; readonly arrivedAt: number } | { readonly kind: 'caught-up' | 'ended' };
  readonly truncated: boolean;
}

/** A shard may answer with an empty page though it has records further on; Kinesis allows five reads a second in a shard. */
const MOST_PAGES = 20;

/** Looks for the first record from a place on. It is read and thrown away: nothing changes. @throws {CommandError} */
export async function lookAhead(client: KinesisClient, stream: string, shard: string, from: From): Promise<Waiting> {
  const what = `shard ${shard} of ${stream}`;
  const { iterator, truncated } = await iteratorFrom(client, { StreamARN: stream, ShardId: shard }, from, what);
  let next = iterator;
  let behind = 0;
  for (let page = 0; page < MOST_PAGES && next !== undefined; page += 1) {
    const reply = await asked(what, client.send(new GetRecordsCommand({ StreamARN: stream, ShardIterator: next, Limit: 1 })));
    const arrivedAt = reply.Records?.[0]?.ApproximateArrivalTimestamp?.getTime();
    if (arrivedAt !== undefined) return { next: { kind: 'record', arrivedAt }, truncated };
    next = reply.NextShardIterator;
    behind = reply.MillisBehindLatest ?? 0;
    if (next !== undefined && behind === 0) return { next: { kind: 'caught-up' }, truncated };
  }
  if (next === undefined) return { next: { kind: 'ended' }, truncated };
  // Nothing but empty pages so far: the stream itself says how far back they lie.
  return { next: { kind: 'record', arrivedAt: Date.now() - behind }, truncated };
}

type Place = Pick<GetShardIteratorCommandInput, 'StreamARN' | 'ShardId'>;

async function iteratorFrom(client: KinesisClient, place: Place, from: From, what: string) {
  try {
    return { iterator: await iteratorOf(client, { ...place, ...spelt(from) }), truncated: false };
  } catch (error) {
    // How Kinesis answers for a sequence number that it has trimmed, or that is of another shard.
    if (!(error instanceof InvalidArgumentException)) return await asked(what, Promise.reject(error));
    const oldest = iteratorOf(client, { ...place, ShardIteratorType: 'TRIM_HORIZON' });
    return { iterator: await asked(what, oldest), truncated: true };
  }
}

async function iteratorOf(client: KinesisClient, input: GetShardIteratorCommandInput): Promise<string | undefined> {
  return (await client.send(new GetShardIteratorCommand(input))).ShardIterator;
}

function spelt(from: From): Pick<GetShardIteratorCommandInput, 'ShardIteratorType' | 'StartingSequenceNumber'> {
  switch (from.kind) {
    case 'at':
      return { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: from.sequenceNumber };
    case 'after':
      return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: from.sequenceNumber };
    case 'oldest':
      return { ShardIteratorType: 'TRIM_HORIZON' };
    default:
      return from satisfies never;
  }
}
