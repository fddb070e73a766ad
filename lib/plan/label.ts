import { blake3 } from '@noble/hashes/blake3.js';
import type { Target } from '../ports.ts';
import { spellPosition } from '../source/position.ts';
import type { SourceShard } from '../source/record.ts';
import { digestOf, type Member, withLength } from './digest.ts';

declare const brand: unique symbol;

/** Identity of exactly one set of records going to exactly one table. 1-128 characters of `[-_A-Za-z0-9:]` (Doris, FeNameFormat). */
export type Label = string & { readonly [brand]: 'label' };

/** What a label is made of: the same members give the same label on any machine and any day, other members another one. */
export interface Membership {
  readonly source: SourceShard;
  readonly target: Target;
  /** The records of all rows of the load, in order, at least one. */
  readonly members: readonly Member[];
}

/** Format of labels. Another one makes every label differ: a breaking change, to be named in the changelog. */
const FORMAT = '1';

const STREAM_CHARACTERS = 12;
const SHARD_CHARACTERS = 6;
const TOPIC_CHARACTERS = 12;
/** Of the position, the last characters: a sequence number has 56 digits today. */
const POSITION_CHARACTERS = 64;
/** 96 bits, as 16 characters of base64url. */
const HASH_BYTES = 12;

/**
 * `{prefix}-{stream}-{shard}-{first position}-{count}-{format}{hash}`, for Iggy with the topic behind the stream. The head is for people
 * and may collide; the hash is BLAKE3 over the raw values, each with its length, so `("ab","c")` and `("a","bc")` differ. The members come
 * as their SHA-256: there may be hundreds of thousands, and only the runtime's own hash is as fast as that.
 * @param prefix - 1-16 characters of `[-_A-Za-z0-9]`.
 */
export function labelOf(prefix: string, membership: Membership): Label {
  const { source, target, members } = membership;
  const [first] = members;
  if (first === undefined) throw new TypeError('a label needs at least one record');
  const raw = [
    FORMAT,
    prefix,
    source.kind,
    ...nameOf(source),
    source.shard,
    target.database,
    target.table,
    String(members.length),
    digestOf(members),
  ];
  const hash = Buffer.from(blake3(Buffer.from(raw.map(withLength).join('')), { dkLen: HASH_BYTES })).toString('base64url');
  const position = spellPosition(first.position).slice(-POSITION_CHARACTERS);
  return `${headOf(prefix, source)}-${position}-${members.length}-${FORMAT}${hash}` as Label;
}

/** What the labels of one source shard under one loader begin with. Other shards may begin with the same. */
export function headOf(prefix: string, source: SourceShard): string {
  const topic = source.kind === 'iggy' ? [sanitised(source.topicName).slice(0, TOPIC_CHARACTERS)] : [];
  return [prefix, sanitised(source.streamName).slice(0, STREAM_CHARACTERS), ...topic, shardNumber(source.shard)].join('-');
}

/** What a label tells by itself. */
export interface ReadLabel {
  /** Prefix, stream, topic if any, and shard: each may hold hyphens, so only who knows them can tell them apart ({@link headOf}). */
  readonly head: string;
  /** Of the first record, as its source spells it; the end of it when it is longer than 64 characters. */
  readonly firstPosition: string;
  readonly records: number;
}

const READABLE = new RegExp(`^(.+)-(\\d[\\d:]*)-(\\d+)-${FORMAT}[-_A-Za-z0-9]{${(HASH_BYTES * 4) / 3}}$`);

/** Takes a label of this format apart; undefined when it is none. */
export function readLabel(text: string): ReadLabel | undefined {
  const [, head, firstPosition, records] = READABLE.exec(text) ?? [];
  if (head === undefined || firstPosition === undefined || text.length > 128) return undefined;
  return { head, firstPosition, records: Number(records) };
}

function nameOf(source: SourceShard): string[] {
  return source.kind === 'iggy' ? [source.streamName, source.topicName] : [source.stream];
}

function sanitised(name: string): string {
  return name.replace(/[^-_A-Za-z0-9]/g, '_');
}

/** `shardId-000000000012` is 12 to people. */
function shardNumber(shard: string): string {
  return sanitised(shard.replace(/^shardId-0*(?=\d)/, '')).slice(-SHARD_CHARACTERS);
}
