import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { kplAggregate } from '../test/support/builders.ts';

/** Bytes of Lambda's largest synchronous event. */
const LARGEST_EVENT = 6 * 1024 * 1024;
/** What the envelope adds to a record, besides its data. */
const ENVELOPE = 430;
const MOST_RECORDS = 10_000;
/** What the Kinesis Producer Library packs into one record by default. */
const AGGREGATE_BYTES = 51_200;

/** What producers send: JSON of about `size` bytes a record, as it is, packed by gzip, or many in one KPL aggregate. */
export interface Payloads {
  readonly kind: 'json' | 'gzip' | 'kpl';
  readonly size: number;
  /** At most so many records; default as many as an event holds. */
  readonly most?: number;
}

/** An event as Lambda's runtime gets it, and what is in it. */
export interface Sample {
  /** JSON text, with {@link SHARD} in place of the shard. */
  readonly text: string;
  readonly rows: number;
  /** What Doris should get of it. */
  readonly body: Buffer;
}

const SHARD = 'shardId-SHARD';
/** Of 56 digits of a sequence number; the others count records. */
const FIRST_DIGITS = '4968041331908963946699442095056673169699';

/** The largest event that Lambda brings of such records. */
export function sampleOf({ kind, size, most = Number.POSITIVE_INFINITY }: Payloads): Sample {
  const perRecord = kind === 'kpl' ? Math.max(1, Math.floor(AGGREGATE_BYTES / (size + 10))) : 1;
  const records: object[] = [];
  const lines: string[] = [];
  let bytes = 0;
  while (records.length < MOST_RECORDS && lines.length < most) {
    const next = Array.from({ length: perRecord }, (_, n) => line(lines.length + n, size));
    const data = packed(kind, next).toString('base64');
    bytes += data.length + ENVELOPE;
    if (records.length > 0 && bytes > LARGEST_EVENT) break;
    records.push(record(records.length, data));
    lines.push(...next);
  }
  return { text: JSON.stringify({ Records: records }), rows: lines.length, body: Buffer.from(`${lines.join('\n')}\n`) };
}

/** The event, parsed as the runtime does before it calls the handler, on a shard that nobody has used yet. */
export function freshEvent(sample: Sample): { readonly Records: readonly object[] } {
  return eventOf(sample, Math.floor(Math.random() * 1e12), 0);
}

/** The event as the n-th of a shard: its sequence numbers follow those of the one before. */
export function eventOf({ text }: Sample, shard: number, n: number): { readonly Records: readonly object[] } {
  const moved = n === 0 ? text : text.replaceAll(FIRST_DIGITS, String(BigInt(FIRST_DIGITS) + BigInt(n)));
  return JSON.parse(moved.replaceAll(SHARD, `shardId-${String(shard).padStart(12, '0')}`));
}

function packed(kind: Payloads['kind'], lines: readonly string[]): Buffer {
  const [first = ''] = lines;
  if (kind === 'json') return Buffer.from(first);
  if (kind === 'gzip') return gzipSync(first);
  return kplAggregate(
    ['key'],
    lines.map((text) => ({ key: 0, data: Buffer.from(text) })),
  );
}

function record(n: number, data: string): object {
  const sequenceNumber = `${FIRST_DIGITS}${String(n).padStart(16, '0')}`;
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: `key-${n % 100}`,
      sequenceNumber,
      data,
      approximateArrivalTimestamp: Math.floor(Date.now() / 1000) + 0.123,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${SHARD}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/loader',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/bench',
  };
}

/** Every other record is a click, so that a route by this field splits them. */
function line(n: number, size: number): string {
  const kind = n % 2 === 0 ? 'view' : 'click';
  const head = `{"id":${4_611_686_018_427_387_904n + BigInt(n)},"kind":"${kind}","amount":${(n % 9973) / 8},"name":"customer ${n}","text":"`;
  const rest = Math.max(0, size - head.length - 2);
  return `${head}${randomBytes(rest).toString('base64').slice(0, rest)}"}`;
}
