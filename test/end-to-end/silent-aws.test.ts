import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinesisEvent } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';

let stack: LocalStack;
let silent: net.Server;
/** Takes connections and what comes over them, and never says a word. */
let endpoint: string;

beforeAll(async () => {
  silent = net.createServer((socket) => socket.on('error', () => {}).resume());
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('server has no TCP address');
  endpoint = `http://127.0.0.1:${address.port}`;
  stack = await startLocalStack();
  await stack.select('CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1');
});
afterAll(async () => {
  await stack.close();
  silent.close();
});

/** The runtime ends an invocation that has not answered by then. */
const TIMEOUT_MILLIS = 4_000;
const POISON = 'not JSON';
const TOO_LARGE_FOR_SQS = 'x'.repeat(1_100_000);

describe('a service of AWS that takes requests and never answers', () => {
  it.concurrent.each([
    ['the ledger', 1000, POISON, { AWS_ENDPOINT_URL_DYNAMODB: '' }],
    ['the dead-letter queue', 2000, POISON, { DEAD_LETTER_QUEUE_URL: '/1/queue' }],
    ['the dead-letter bucket', 3000, TOO_LARGE_FOR_SQS, { AWS_ENDPOINT_URL_S3: '' }],
  ] as const)('leaves the invocation time to answer that nothing may be acknowledged: %s', async (_service, first, poison, paths) => {
    const env = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, `${endpoint}${path}`]));
    const host = stack.startFunction(env, TIMEOUT_MILLIS);
    const event = kinesisEvent(['{"id":1}', poison, '{"id":2}'].map((data, n) => ({ data, sequenceNumber: String(first + n) })));

    const result = await host.invoke(JSON.stringify({ Records: event.Records.map((record) => ofShard(record, first)) }));

    expect(result.kind === 'returned' ? JSON.parse(result.payload) : result).toEqual({
      batchItemFailures: [{ itemIdentifier: String(first) }],
    });
  });
});

/** A shard for each case, so that none waits for another's claims. */
function ofShard(record: object, shard: number): object {
  return { ...record, eventID: `shardId-00000000${shard}:1` };
}
