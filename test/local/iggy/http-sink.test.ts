import { createServer } from 'node:http';
import { CreateQueueCommand, PurgeQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeSqsEvent } from '../../../lib/source/iggy.ts';
import { spellPosition } from '../../../lib/source/position.ts';
import { bytesOf } from '../../../lib/source/slice.ts';
import { bytes } from '../../../lib/units.ts';
import { startSqs } from '../../../local/aws/sqs/server.ts';
import { startGateway } from '../../../local/iggy/gateway.ts';
import { createHttpSink, type HttpSinkOptions } from '../../../local/iggy/http-sink.ts';
import { createPartition, type IggyMessage } from '../../../local/iggy/topic.ts';
import { type Endpoint, listenOnLoopback } from '../../../local/loopback.ts';
import { sqsEvent } from '../../support/sqs-event.ts';

const API_KEY = 'k-123';
let server: Endpoint;
let gateway: Endpoint;
let sqs: SQSClient;
let QueueUrl: string;
let reply: 'sent' | 'lost' = 'sent';

beforeAll(async () => {
  server = await startSqs();
  sqs = new SQSClient({ region: 'us-east-1', endpoint: server.endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  ({ QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'iggy' })));
  gateway = await startGateway({ sqs, queueUrl: QueueUrl, apiKey: API_KEY, replies: () => reply });
});
beforeEach(async () => {
  await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  reply = 'sent';
});
afterAll(async () => {
  sqs.destroy();
  await gateway.close();
  await server.close();
});

interface Queued {
  readonly body: string;
  readonly messageId: string;
  readonly contentEncoding?: string;
}

async function queued(): Promise<Queued[]> {
  const found: Queued[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    );
    if (Messages.length === 0) return found;
    for (const { Body = '', MessageId = '', MessageAttributes = {} } of Messages) {
      const encoding = MessageAttributes['content_encoding']?.StringValue;
      found.push({ body: Body, messageId: MessageId, ...(encoding === undefined ? {} : { contentEncoding: encoding }) });
    }
  }
}

function sinkWith(options: Partial<HttpSinkOptions> = {}) {
  return createHttpSink({ url: gateway.endpoint, headers: { 'x-api-key': API_KEY }, retryDelayMillis: 1, ...options });
}

function filled(count: number, payload = (n: number) => `{"n":${n}.50}`) {
  const partition = createPartition('shop', 'orders', 3);
  const messages = Array.from({ length: count }, (_, n) => partition.append(Buffer.from(payload(n))));
  return { partition, messages };
}

const RULES = {
  maxRowBytes: bytes(1_000_000),
  maxBatchBytes: bytes(10_000_000),
  keepFields: [],
  bareSource: { stream: 'shop', topic: 'orders' },
  bodyEncoding: 'text',
} as const;

/** Rows as the loader reads them off the queue. */
async function rows(bodies: 'envelope' | 'bare' | 'raw') {
  const messages = decodeSqsEvent(sqsEvent(await queued()), { ...RULES, bodies });
  return messages
    .flatMap(({ content }) => (content.kind === 'batches' ? content.batches : []))
    .flatMap(({ source, records }) =>
      records.map((row) => ({
        shard: source.shard,
        offset: spellPosition(row.record.position),
        ...row.record.iggy,
        line: row.kind === 'row' ? bytesOf(row.line).toString() : row.fault.reason,
      })),
    );
}

const asRow = ({ offset, id, timestamp, payload }: IggyMessage) => ({
  shard: '3',
  offset: String(offset),
  id,
  timestamp: String(timestamp),
  line: payload.toString(),
});

describe('http_sink', () => {
  const modes = ['individual', 'json_array', 'ndjson'] as const;
  const schemas = ['json', 'text', 'raw'] as const;
  const combinations = modes.flatMap((batchMode) => schemas.map((schema) => ({ batchMode, schema })));

  it.each(combinations)('in mode $batchMode with schema $schema brings every message to the loader as it is', async (settings) => {
    const { partition, messages } = filled(5);

    await sinkWith(settings).consume(messages, partition);

    const found = await rows('envelope');
    expect(found.toSorted((a, b) => Number(a.offset) - Number(b.offset))).toEqual(messages.map(asRow));
  });

  it('in mode raw sends the payload alone, which the queue holds as base64', async () => {
    const { partition, messages } = filled(1);

    await sinkWith({ batchMode: 'raw' }).consume(messages, partition);

    expect(await rows('raw')).toMatchObject([{ line: '{"n":0.50}' }]);
  });

  it('without metadata sends bare payloads', async () => {
    const { partition, messages } = filled(2);

    await sinkWith({ batchMode: 'json_array', includeMetadata: false }).consume(messages, partition);

    expect((await queued()).map(({ body }) => body)).toEqual(['[{"n":0.50},{"n":1.50}]']);
  });

  it('sends the same bytes again when the reply was lost: two messages of the queue, one body', async () => {
    const { partition, messages } = filled(3);
    const sink = sinkWith({ batchMode: 'json_array', maxRetries: 1 });
    reply = 'lost';

    await sink.consume(messages, partition);

    const [first, second, ...more] = await queued();
    expect(second?.body).toBe(first?.body);
    expect(second?.messageId).not.toBe(first?.messageId);
    expect(more).toEqual([]);
    expect(sink.counts()).toEqual({ delivered: 0, dropped: 3, requests: 2 });
  });

  it.each([
    { batchMode: 'json_array', dropped: 3 },
    { batchMode: 'individual', dropped: 1 },
  ] as const)('drops a body that is too large, in mode $batchMode with $dropped messages', async ({ batchMode, dropped }) => {
    const { partition, messages } = filled(3, (n) => `{"s":"${'x'.repeat(n === 1 ? 2000 : 10)}"}`);
    const sink = sinkWith({ batchMode, maxPayloadSizeBytes: 1500 });

    await sink.consume(messages, partition);

    expect(sink.counts()).toMatchObject({ delivered: 3 - dropped, dropped });
    expect(await rows('envelope')).toHaveLength(3 - dropped);
  });
});

describe('http_sink in front of a server that answers', () => {
  let statuses: number[] = [];
  let asked = 0;
  let strict: Endpoint;
  beforeAll(async () => {
    strict = await listenOnLoopback(
      createServer((request, response) => {
        asked++;
        request.resume().on('end', () => response.writeHead(statuses.shift() ?? 500).end());
      }),
    );
  });
  afterAll(() => strict.close());
  afterEach(() => {
    asked = 0;
  });

  it.each([
    [[503, 429, 200], { delivered: 1, dropped: 0, requests: 3 }],
    [[500, 502, 503, 504, 200], { delivered: 0, dropped: 1, requests: 4 }],
    [[400, 200], { delivered: 0, dropped: 1, requests: 1 }],
    [[403, 200], { delivered: 0, dropped: 1, requests: 1 }],
    [[204], { delivered: 1, dropped: 0, requests: 1 }],
  ])('%j ends with %j', async (answers, counts) => {
    statuses = [...answers];
    const { partition, messages } = filled(1);
    const sink = sinkWith({ url: strict.endpoint });

    await sink.consume(messages, partition);

    expect(sink.counts()).toEqual(counts);
  });

  it('individual gives up the rest of a poll after three messages in a row', async () => {
    statuses = [400, 200, 400, 400, 400, 200, 200];
    const { partition, messages } = filled(7);
    const sink = sinkWith({ url: strict.endpoint });

    await sink.consume(messages, partition);

    expect(sink.counts()).toEqual({ delivered: 1, dropped: 6, requests: 5 });
    expect(asked).toBe(5);
  });
});

describe('the endpoint', () => {
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, method = 'POST') =>
    fetch(gateway.endpoint, { method, body, headers: { 'x-api-key': API_KEY, 'content-type': 'application/json', ...headers } });

  it('queues the body verbatim, whatever it is', async () => {
    const body = '{"s":"é 😀"}\n\t x';

    const { status } = await post(body);

    expect(status).toBe(200);
    expect((await queued()).map((message) => message.body)).toEqual([body]);
  });

  it.each([
    ['without a key', {}, { 'x-api-key': '' }, 403],
    ['with a wrong key', {}, { 'x-api-key': 'k-124' }, 403],
    ['of a type without a template', {}, { 'content-type': 'text/xml' }, 415],
  ] as const)('refuses a request %s', async (_, __, headers, status) => {
    expect((await post('{}', headers)).status).toBe(status);
    expect(await queued()).toEqual([]);
  });

  it('takes a media type with parameters', async () => {
    expect((await post('{}\n', { 'content-type': 'application/x-ndjson; charset=utf-8' })).status).toBe(200);
  });

  it.each([
    ['a body over 1 MiB', 'x'.repeat(1_048_577), 400],
    ['an empty body', '', 400],
    ['characters that SQS does not take', 'a\u0000b', 400],
    ['a body over 10 MB', 'x'.repeat(10 * 1024 * 1024 + 1), 413],
  ])('never calls an error of SQS a success: %s', async (_, body, status) => {
    expect((await post(body)).status).toBe(status);
    expect(await queued()).toEqual([]);
  });

  /** What the endpoint in front of an SQS at this address answers. */
  async function statusInFrontOf(endpoint: string): Promise<number> {
    const client = new SQSClient({
      region: 'us-east-1',
      endpoint,
      maxAttempts: 1,
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    });
    const alone = await startGateway({ sqs: client, queueUrl: QueueUrl, apiKey: API_KEY });
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };

    const { status } = await fetch(alone.endpoint, { method: 'POST', body: '{}', headers });

    await alone.close();
    client.destroy();
    return status;
  }

  it('answers 502 when the queue does not', async () => {
    expect(await statusInFrontOf('http://127.0.0.1:9')).toBe(502);
  });

  it.each([
    [400, 'RequestThrottled', 503],
    [403, 'RequestThrottled', 503],
    [400, 'ThrottlingException', 503],
    [400, 'InvalidMessageContents', 400],
    [400, 'InvalidParameterValue', 400],
    [400, 'MissingParameter', 400],
    [403, 'AccessDenied', 503],
    [400, 'QueueDoesNotExist', 503],
    [500, 'InternalError', 502],
    [503, 'ServiceUnavailable', 502],
  ])('answers %i %s of the queue with %i, as the deployed endpoint does', async (status, code, expected) => {
    const queue = await listenOnLoopback(
      createServer((request, response) => {
        const type = { 'content-type': 'application/x-amz-json-1.0' };
        const body = JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message: 'no' });
        request.resume().on('end', () => response.writeHead(status, type).end(body));
      }),
    );

    expect(await statusInFrontOf(queue.endpoint)).toBe(expected);
    await queue.close();
  });
});

describe('a partition', () => {
  it('counts from 0 again after a purge, while its clock goes on', () => {
    const partition = createPartition('shop', 'orders', 0, () => 1_000);
    const before = partition.append(Buffer.from('{}'));
    partition.purge();

    const after = partition.append(Buffer.from('{}'));

    expect([before.offset, after.offset]).toEqual([0n, 0n]);
    expect(after.timestamp).toBeGreaterThan(before.timestamp);
    expect(after.id).not.toBe(before.id);
  });

  it('may leave a gap', () => {
    const partition = createPartition('shop', 'orders', 0);
    partition.append(Buffer.from('{}'));
    partition.skip(65_536n);

    expect(partition.append(Buffer.from('{}')).offset).toBe(65_537n);
  });
});
