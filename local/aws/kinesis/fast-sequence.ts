import { hash } from 'node:crypto';
import { createRequire } from 'node:module';

/** What a sequence number of today's form is made of. */
interface SequenceParts {
  readonly shardCreateTime: number;
  readonly shardIx: number;
  /** Null while nothing was ever put on the shards that share the count. */
  readonly seqIx: number | string | null;
  readonly seqTime: number;
}

type AnyParts = Partial<SequenceParts> & { readonly version?: number; readonly byte1?: string };

interface Codec {
  parseSequence: (sequenceNumber: string) => object;
  stringifySequence: (parts: AnyParts) => string;
  partitionKeyToHashKey: (key: string) => object;
}

/** kinesalite's own conversions, as its actions call them. */
const engine = createRequire(import.meta.url)('kinesalite/db/index.js') as Codec;

/** The conversions as kinesalite was published with: the measure for the ones below. */
export const publishedCodec: Readonly<Codec> = { ...engine };

/**
 * Lets kinesalite convert sequence numbers and hash keys with BigInt. Its decimal library took half of the time of a PutRecords, which
 * kept a stream under 7,000 records a second.
 */
export function speedUpSequences(): void {
  engine.stringifySequence = stringifySequence;
  engine.parseSequence = parseSequence;
  engine.partitionKeyToHashKey = hashKeyOf;
}

function hex(value: number | bigint, digits: number): string {
  return value.toString(16).padStart(digits, '0').slice(-digits);
}

/** Spells the form with the trailing 2; the older ones go to kinesalite. */
export function stringifySequence(parts: AnyParts): string {
  if (parts.version !== undefined && parts.version !== 2) return publishedCodec.stringifySequence(parts);
  const { shardCreateTime = 0, shardIx = 0, seqIx, byte1 = '00' } = parts;
  const created = Math.floor(shardCreateTime / 1000);
  const time = Math.floor((parts.seqTime || shardCreateTime) / 1000);
  if (created !== frame.created || time !== frame.time || shardIx !== frame.shardIx || byte1 !== frame.byte1)
    frame = { created, time, shardIx, byte1, value: frameValue(created, time, shardIx, byte1) };
  return (frame.value + (BigInt.asUintN(64, BigInt(seqIx ?? 0)) << COUNT_SHIFT)).toString();
}

/** All of a number but the count: the same for the records of a shard and a second. */
let frame = { created: -1, time: -1, shardIx: -1, byte1: '', value: 0n };

/** Bits behind the count: two digits of byte1, nine of the time, eight of the shard and the last one. */
const COUNT_SHIFT = 80n;

function frameValue(created: number, time: number, shardIx: number, byte1: string): bigint {
  return BigInt(`0x2${hex(created, 9)}${shardIx.toString(16).slice(-1)}${hex(0, 16)}${byte1}${hex(time, 9)}${hex(shardIx, 8)}2`);
}

/** The start of its shard is read again for every record that is put. */
const MOST_KNOWN = 1000;
const known = new Map<string, object>();

/** Reads the form with the trailing 2; everything else goes to kinesalite, its complaints with it. */
export function parseSequence(sequenceNumber: string): object {
  const before = known.get(sequenceNumber);
  if (before !== undefined) return before;
  const parts = Object.freeze(readSequence(sequenceNumber));
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(sequenceNumber, parts);
  return parts;
}

function readSequence(sequenceNumber: string): object {
  const digits = /^\d{50,60}$/.test(sequenceNumber) ? BigInt(sequenceNumber).toString(16) : '';
  const form = /^2([0-9a-f]{9})[0-9a-f]([0-7][0-9a-f]{15})([0-9a-f]{2})([0-9a-f]{9})([0-7][0-9a-f]{7})2$/.exec(digits);
  const [, created = '', seqIx = '', byte1 = '', time = '', shardIx = ''] = form ?? [];
  const shardCreateSeconds = Number.parseInt(created, 16);
  if (form === null || shardCreateSeconds >= latestSecond) return publishedCodec.parseSequence(sequenceNumber);
  return {
    shardCreateTime: shardCreateSeconds * 1000,
    seqIx: BigInt(`0x${seqIx}`).toString(),
    byte1,
    seqTime: Number.parseInt(time, 16) * 1000,
    shardIx: Number.parseInt(shardIx, 16),
    version: 2,
  };
}

/** Beyond it kinesalite complains of the date. */
const latestSecond = 16_025_175_000;

/** Shards' bounds by their decimal text, in the form of a hash: every record is compared with them. */
const bounds = new Map<string, string>();

function boundOf(decimal: string): string {
  const bound = bounds.get(decimal) ?? hex(BigInt(decimal), HASH_DIGITS);
  bounds.set(decimal, bound);
  return bound;
}

/** An MD5 in hexadecimal: as many digits for every value, so that the order of the texts is the order of the numbers. */
const HASH_DIGITS = 32;

/** Only the comparison is used of what kinesalite's own function returns. One function serves all keys: one for each is dear. */
function hashKeyOf(key: string): object {
  return { hash: hash('md5', key, 'hex'), comparedTo };
}

function comparedTo(this: { readonly hash: string }, other: string): number {
  const bound = boundOf(other);
  if (this.hash === bound) return 0;
  return this.hash < bound ? -1 : 1;
}
