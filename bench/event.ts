import { randomBytes } from 'node:crypto';

/** Bytes of Lambda's largest synchronous event. */
const LARGEST_EVENT = 6 * 1024 * 1024;
/** What the envelope adds to a record, besides its data. */
const ENVELOPE = 420;

/** An event of JSON records of about `size` bytes, as large as Lambda lets one be, on a shard that nobody has used yet. */
export function largestEvent(size: number): { readonly event: object; readonly rows: number; readonly body: Buffer } {
  const shard = `shardId-${String(Math.floor(Math.random() * 1e12)).padStart(12, '0')}`;
  const rows = Math.min(10_000, Math.floor(LARGEST_EVENT / (Math.ceil((size * 4) / 3) + ENVELOPE)));
  const lines = Array.from({ length: rows }, (_, n) => line(n, size));
  const Records = lines.map((data, n) => ({
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: `key-${n % 100}`,
      sequenceNumber: `4968041331908963946699442095056673169699${String(n).padStart(16, '0')}`,
      data: Buffer.from(data).toString('base64'),
      approximateArrivalTimestamp: 1_700_000_000.123,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shard}:4968041331908963946699442095056673169699${String(n).padStart(16, '0')}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/loader',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/bench',
  }));
  return { event: { Records }, rows, body: Buffer.from(`${lines.join('\n')}\n`) };
}

function line(n: number, size: number): string {
  const head = `{"id":${4_611_686_018_427_387_904n + BigInt(n)},"at":"2026-11-20 12:00:00","amount":1234.5678,"name":"customer ${n}","text":"`;
  return `${head}${randomBytes(size)
    .toString('base64')
    .slice(0, Math.max(0, size - head.length - 2))}"}`;
}
