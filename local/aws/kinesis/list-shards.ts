import type { StoredShard } from 'kinesalite/db/index.js';
import { parseSequence } from 'kinesalite/db/index.js';
import { faultOf, type Request } from './reply.ts';

/** A ListShards request with its token opened. */
export interface ShardListing {
  /** What the engine is asked: the whole list of the stream. */
  readonly engineInput: Request;
  readonly streamName: unknown;
  readonly after: string;
  readonly limit: number;
  readonly filter: ShardFilter | undefined;
}

interface ShardFilter {
  readonly Type: string;
  readonly ShardId?: string;
  /** Epoch seconds. */
  readonly Timestamp?: number;
}

/** API reference of ListShards: the page is at most 1,000 shards unless more are asked for. */
const defaultPage = 1000;

/**
 * Opens a request: kinesalite ignores MaxResults, NextToken and ShardFilter.
 *
 * @throws a fault when the token was not made here
 */
export function readListShards(input: Request): ShardListing {
  const { NextToken: token, MaxResults: limit, ExclusiveStartShardId: after, ShardFilter: filter, ...rest } = input;
  const limits = { limit: typeof limit === 'number' ? limit : defaultPage };
  if (token === undefined || token === null) {
    const start = typeof after === 'string' ? after : '';
    const wanted = filter as ShardFilter | undefined;
    return { ...limits, engineInput: { ...rest, MaxResults: limit }, streamName: rest['StreamName'], after: start, filter: wanted };
  }
  if (rest['StreamName'] !== undefined) {
    throw faultOf('InvalidArgumentException', 'NextToken and StreamName cannot be provided together.');
  }
  const page = openToken(String(token));
  return { ...limits, engineInput: { StreamName: page.streamName, MaxResults: limit }, ...page };
}

/** Cuts the page that was asked for out of the engine's whole list. */
export function mendListShards(output: object, listing: ShardListing): object {
  const { Shards: all } = output as { readonly Shards: readonly StoredShard[] };
  const wanted = all.filter((shard) => shard.ShardId > listing.after && passes(shard, listing.filter));
  const page = wanted.slice(0, listing.limit);
  const last = page.at(-1);
  if (last === undefined || page.length === wanted.length) return { Shards: page };
  const token = { streamName: listing.streamName, after: last.ShardId, filter: listing.filter };
  return { Shards: page, NextToken: Buffer.from(JSON.stringify(token)).toString('base64') };
}

function openToken(token: string): Pick<ShardListing, 'streamName' | 'after' | 'filter'> {
  try {
    return JSON.parse(Buffer.from(token, 'base64').toString());
  } catch (cause) {
    throw Object.assign(faultOf('InvalidArgumentException', 'NextToken is not valid.'), { cause });
  }
}

/** Nothing is ever trimmed from a shard list here, so the two TRIM_HORIZON filters differ only in the closed shards. */
function passes(shard: StoredShard, filter: ShardFilter | undefined): boolean {
  switch (filter?.Type) {
    case undefined:
    case 'AT_TRIM_HORIZON':
    case 'FROM_TRIM_HORIZON':
      return true;
    case 'AFTER_SHARD_ID':
      return shard.ShardId > (filter.ShardId ?? '');
    case 'AT_LATEST':
      return closedAt(shard) === undefined;
    case 'FROM_TIMESTAMP':
      return (closedAt(shard) ?? Infinity) >= timeOf(filter);
    case 'AT_TIMESTAMP':
      return (closedAt(shard) ?? Infinity) >= timeOf(filter) && openedAt(shard) <= timeOf(filter);
    default:
      throw faultOf('InvalidArgumentException', `ShardFilter type ${filter?.Type} is not known.`);
  }
}

function timeOf(filter: ShardFilter): number {
  return (filter.Timestamp ?? 0) * 1000;
}

function openedAt(shard: StoredShard): number {
  return parseSequence(shard.SequenceNumberRange.StartingSequenceNumber).shardCreateTime;
}

function closedAt(shard: StoredShard): number | undefined {
  const { EndingSequenceNumber: end } = shard.SequenceNumberRange;
  return end === undefined ? undefined : parseSequence(end).seqTime;
}
