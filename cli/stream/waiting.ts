import { InvalidArgumentException, type KinesisClient } from '@aws-sdk/client-kinesis';
import { systemClock } from '../../lib/clock.ts';
import { arrivalOf, readPages, type Start } from '../../lib/source/stream.ts';
import { asked } from '../aws.ts';

/**
 * What a shard has from there on: the arrival of the next record, nothing (yet), or nothing for ever. `truncated`: the stream no longer
 * knows the place, and its oldest record was taken instead.
 */
export interface Waiting {
  readonly next: { readonly kind: 'record'; readonly arrivedAt: number } | { readonly kind: 'caught-up' | 'ended' };
  readonly truncated: boolean;
}

/** A shard may answer with an empty page though it has records further on. */
const MOST_PAGES = 20;

/** Looks for the first record from a place on. It is read and thrown away: nothing changes. @throws {CommandError} */
export async function lookAhead(client: KinesisClient, stream: string, shard: string, from: Start): Promise<Waiting> {
  return await asked(`shard ${shard} of ${stream}`, lookFrom(client, { stream, shard }, from));
}

type Shard = { readonly stream: string; readonly shard: string };

async function lookFrom(client: KinesisClient, shard: Shard, from: Start): Promise<Waiting> {
  try {
    return { next: await nextOf(client, shard, from), truncated: false };
  } catch (error) {
    // How Kinesis answers for a sequence number that it has trimmed, or that is of another shard.
    if (!(error instanceof InvalidArgumentException)) throw error;
    return { next: await nextOf(client, shard, { kind: 'oldest' }), truncated: true };
  }
}

async function nextOf(client: KinesisClient, shard: Shard, from: Start): Promise<Waiting['next']> {
  let pages = 0;
  for await (const { records, behind, isLast } of readPages({ client, clock: systemClock }, shard, from, 1)) {
    const [first] = records;
    if (first !== undefined) return { kind: 'record', arrivedAt: arrivalOf(first) };
    if (isLast) return { kind: 'ended' };
    // Nothing but empty pages so far: the stream itself says how far back they lie.
    if (++pages === MOST_PAGES) return { kind: 'record', arrivedAt: Date.now() - behind };
  }
  return { kind: 'caught-up' };
}
