import { type KinesisClient, ResourceNotFoundException } from '@aws-sdk/client-kinesis';
import type { ListedCheckpoint, ListedOutage, Listing } from '../../lib/ledger/listing.ts';
import { type Position, spellPosition } from '../../lib/source/position.ts';
import { describeStream, type StreamFacts, type StreamShard } from '../../lib/source/shards.ts';
import type { Start } from '../../lib/source/stream.ts';
import { asked } from '../aws.ts';
import { CommandError } from '../errors.ts';
import { lookAhead, type Waiting } from '../stream/waiting.ts';

/** One shard's progress into one table, beside what the stream has from there on. */
export interface TableFacts extends ListedCheckpoint {
  readonly outage?: ListedOutage;
  readonly waiting?: Waiting;
}

/** A shard that the stream has, the ledger, or both. */
export interface ShardFacts {
  readonly shard: string;
  /** `gone`: the stream does not list it any more. */
  readonly state: StreamShard['state'] | 'gone';
  readonly tables: readonly TableFacts[];
  /** Of a shard without any checkpoint: what it has at all. */
  readonly unread?: Waiting;
}

/** A stream with everything that is known of its shards under one loader. */
export interface StreamStatus {
  /** Whether there is such a stream in the account and region that was asked. */
  readonly isThere: boolean;
  readonly stream: StreamFacts;
  readonly shards: readonly ShardFacts[];
}

type Progress = Pick<Listing, 'checkpoints' | 'outages'>;

/** Asks the stream about each shard. @throws {CommandError} */
export async function gatherStream(client: KinesisClient, name: string, { checkpoints, outages }: Progress): Promise<StreamStatus> {
  const { isThere, stream } = await findStream(client, name, checkpoints);
  const own = checkpoints.filter(({ source }) => source.stream === stream.arn);
  const listed: { readonly shard: string; readonly state: ShardFacts['state'] }[] = [...stream.shards];
  const gone = [...new Set(own.map(({ source }) => source.shard))].filter((shard) => !listed.some((other) => other.shard === shard));
  const shards: ShardFacts[] = [];
  // One shard after the other: each read counts against the five a second that the loader itself reads with.
  for (const { shard, state } of [...listed, ...gone.map((id) => ({ shard: id, state: 'gone' as const }))])
    shards.push(
      await gatherShard(client, stream.arn, { shard, state }, { checkpoints: own.filter(({ source }) => source.shard === shard), outages }),
    );
  return { isThere, stream, shards };
}

/** A stream that is gone must not keep anybody from looking at the others. */
async function findStream(client: KinesisClient, name: string, checkpoints: Progress['checkpoints']) {
  try {
    return { isThere: true, stream: await asked(`stream ${name}`, describeStream(client, name)) };
  } catch (error) {
    const known = checkpoints.find(({ source }) => source.stream === name)?.source;
    const isGone = error instanceof CommandError && error.cause instanceof ResourceNotFoundException;
    if (known === undefined || !isGone) throw error;
    return { isThere: false, stream: { arn: known.stream, name: known.streamName, retentionHours: 0, shards: [] } };
  }
}

async function gatherShard(
  client: KinesisClient,
  stream: string,
  { shard, state }: { readonly shard: string; readonly state: ShardFacts['state'] },
  { checkpoints, outages }: Progress,
): Promise<ShardFacts> {
  if (checkpoints.length === 0) return { shard, state, tables: [], unread: await lookAhead(client, stream, shard, { kind: 'oldest' }) };
  const seen = new Map<string, Waiting>();
  const tables: TableFacts[] = [];
  for (const listed of checkpoints) {
    const outage = outages.find(({ loader, target }) => loader === listed.loader && target === listed.target);
    const from = unsettledFrom(listed, checkpoints, outage !== undefined);
    const key = JSON.stringify(from);
    const waiting = state === 'gone' ? undefined : (seen.get(key) ?? (await lookAhead(client, stream, shard, from)));
    if (waiting !== undefined) seen.set(key, waiting);
    tables.push({ ...listed, ...(outage === undefined ? {} : { outage }), ...(waiting === undefined ? {} : { waiting }) });
  }
  return { shard, state, tables };
}

/**
 * Where the first record that is not settled may stand. Records of a shard go to several tables, and a table without a claim and without an
 * outage misses none of what came before the furthest watermark: its last records are merely older.
 */
export function unsettledFrom({ loader, checkpoint }: ListedCheckpoint, shard: readonly ListedCheckpoint[], hasOutage: boolean): Start {
  const { claim, through } = checkpoint;
  if (claim !== undefined) return { kind: 'at', sequenceNumber: sequenceNumberOf(claim.first) };
  const watermarks = shard.flatMap((other) => (other.loader === loader ? [other.checkpoint.through] : []));
  const furthest = hasOutage ? through : watermarks.filter((position) => position !== undefined).reduce(later, through);
  return furthest === undefined ? { kind: 'oldest' } : { kind: 'after', sequenceNumber: sequenceNumberOf(furthest) };
}

function later(a: Position | undefined, b: Position): Position {
  return a === undefined || a < b ? b : a;
}

/** User records of one KPL aggregate share its sequence number. */
function sequenceNumberOf(position: Position): string {
  return spellPosition(position).split(':')[0] ?? '';
}
