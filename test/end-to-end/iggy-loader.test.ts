import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EventSourceMapping } from '../../local/event-source-mapping/kinesis.ts';
import { startSqsMapping } from '../../local/event-source-mapping/sqs.ts';
import type { SqsMappingOptions } from '../../local/event-source-mapping/sqs-settings.ts';
import type { FunctionHost } from '../../local/function-process/host.ts';
import { startGateway } from '../../local/iggy/gateway.ts';
import { createHttpSink, type HttpSinkOptions } from '../../local/iggy/http-sink.ts';
import { createPartition, type IggyPartition } from '../../local/iggy/topic.ts';
import type { Endpoint } from '../../local/loopback.ts';
import { IS_REAL_DORIS, NEEDS_STAND_IN } from '../support/given.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { sqsEvent } from '../support/sqs-event.ts';

const API_KEY = 'end-to-end';
let stack: LocalStack;
let functions: FunctionHost & { readonly lines: string[] };
/** Each test has a queue and a topic of its own: the ledger outlives them. */
let made = 0;

beforeAll(async () => {
  stack = await startLocalStack();
  functions = stack.startFunction({}, 20_000, 'iggy-loader');
});
afterAll(() => stack.close());
beforeEach(async () => {
  stack.doris.faults.clear();
  await stack.letters();
  await stack.select('DROP TABLE IF EXISTS t');
  await stack.select(
    'CREATE TABLE t (id BIGINT NOT NULL, amount DECIMAL(38,18) NULL, name VARCHAR(8) NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  );
});

/** A queue behind the endpoint that http_sink posts to, and a topic in front of it. */
interface Lane {
  readonly queueUrl: string;
  readonly topic: IggyPartition;
  sink(options?: Partial<HttpSinkOptions>): ReturnType<typeof createHttpSink>;
  append(...payloads: readonly string[]): ReturnType<IggyPartition['append']>[];
  /** Runs the mapping until the queue is empty. */
  drain(options?: Partial<SqsMappingOptions>): Promise<void>;
  close(): Promise<void>;
}

interface LaneOptions {
  readonly fifo?: boolean;
  readonly replies?: () => 'sent' | 'lost';
  /** After which a message comes again whose function was killed. Long where nothing is to come again, however slow the machine. */
  readonly visibilitySeconds?: number;
}

async function openLane({ fifo = false, replies = () => 'sent', visibilitySeconds = 60 }: LaneOptions = {}): Promise<Lane> {
  const name = `lane-${++made}`;
  const attributes = {
    VisibilityTimeout: String(visibilitySeconds),
    ...(fifo ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' } : {}),
  };
  const { QueueUrl: queueUrl = '' } = await stack.sqs.send(
    new CreateQueueCommand({ QueueName: fifo ? `${name}.fifo` : name, Attributes: attributes }),
  );
  const group = fifo ? { messageGroupId: 'orders' } : {};
  const gateway: Endpoint = await startGateway({ sqs: stack.sqs, queueUrl, apiKey: API_KEY, replies, ...group });
  const topic = createPartition('shop', name, 0);
  return {
    queueUrl,
    topic,
    sink: (options) =>
      createHttpSink({ url: gateway.endpoint, headers: { 'x-api-key': API_KEY }, retryDelayMillis: 1, schema: 'text', ...options }),
    append: (...payloads) => payloads.map((payload) => topic.append(Buffer.from(payload))),
    drain: async (options = {}) => {
      const batching = fifo ? { batchSize: 10 } : { batchSize: 1000, batchingWindowSeconds: 1 };
      const mapping: EventSourceMapping = await startSqsMapping({
        sqs: stack.sqs,
        queueUrl,
        function: functions,
        ...batching,
        maximumConcurrency: 2,
        ...options,
      });
      await mapping.drained();
      await mapping.stop();
    },
    close: () => gateway.close(),
  };
}

const ids = async () => (await stack.select('SELECT CAST(id AS STRING) FROM t ORDER BY id')).map(([id]) => String(id));
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `{"id":${from + n}}`);
const idsOf = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => String(from + n));
const loads = () => functions.lines.filter((line) => line.includes('"message":"load"')).length;

describe('the bundle of iggy-loader, from http_sink to the table', () => {
  it.each(['individual', 'json_array', 'ndjson'] as const)('carries every digit in mode %s', async (batchMode) => {
    const lane = await openLane();
    const messages = lane.append(
      '{"id":9223372036854775807,"amount":12345678901234567890.123456789012345678}',
      '{"id":-9223372036854775808,"name":"a\\u00fcb"}',
      '{\n  "id": 3,\r\n  "name": "pretty"\n}',
    );

    await lane.sink({ batchMode }).consume(messages, lane.topic);
    await lane.drain();

    expect(await stack.select('SELECT CAST(id AS STRING), CAST(amount AS STRING), name FROM t ORDER BY id')).toEqual([
      ['-9223372036854775808', null, 'aüb'],
      ['3', null, 'pretty'],
      ['9223372036854775807', '12345678901234567890.123456789012345678', null],
    ]);
    await lane.close();
  });

  it('makes few loads of many small messages', async () => {
    const lane = await openLane();
    const before = loads();

    await lane.sink({ batchMode: 'individual' }).consume(lane.append(...numbers(0, 300)), lane.topic);
    await lane.drain({ maximumConcurrency: 1 });

    expect(await ids()).toEqual(idsOf(0, 300));
    expect(loads() - before).toBe(1);
    await lane.close();
  });

  it('absorbs a body that the sink sent again because its reply was lost', async () => {
    let lost = 1;
    const lane = await openLane({ replies: () => (lost-- > 0 ? 'lost' : 'sent') });

    await lane.sink({ batchMode: 'json_array' }).consume(lane.append(...numbers(0, 20)), lane.topic);
    await lane.drain();

    expect(await ids()).toEqual(idsOf(0, 20));
    await lane.close();
  });

  it('trims ranges that come again under other boundaries, when Doris has forgotten their labels', async () => {
    const lane = await openLane();
    const sink = lane.sink({ batchMode: 'json_array' });
    const messages = lane.append(...numbers(0, 50));
    await sink.consume(messages.slice(0, 20), lane.topic);
    await sink.consume(messages.slice(20, 40), lane.topic);
    await lane.drain();
    await stack.select('CLEAN LABEL FROM demo');

    for (const [from, to] of [
      [10, 30],
      [0, 50],
      [39, 41],
    ]) {
      await sink.consume(messages.slice(from, to), lane.topic);
      await lane.drain();
    }

    expect(await ids()).toEqual(idsOf(0, 50));
    await lane.close();
  });

  it('loads what a purged topic counts from 0 again', async () => {
    const lane = await openLane();
    const sink = lane.sink({ batchMode: 'json_array' });
    await sink.consume(lane.append(...numbers(0, 5)), lane.topic);
    await lane.drain();

    lane.topic.purge();
    await sink.consume(lane.append(...numbers(5, 10)), lane.topic);
    await lane.drain();

    expect(await ids()).toEqual(idsOf(0, 10));
    await lane.close();
  });

  it('takes a bad record to the dead letters alone, and a body of no shape verbatim', async () => {
    const lane = await openLane();
    await lane.sink({ batchMode: 'json_array' }).consume(lane.append('{"id":3}', 'gate closed', '{"id":4}', '{"id":"late"}'), lane.topic);
    await lane
      .sink({ batchMode: 'json_array', schema: 'json', includeMetadata: false })
      .consume(lane.append('{"some":"body"}'), lane.topic);

    await lane.drain();

    expect(await ids()).toEqual(['3', '4']);
    const letters = await stack.rawLetters();
    expect(
      letters
        .map(({ body, attributes }) => [attributes['errorClass'], body, attributes['stream'], attributes['shard'], attributes['position']])
        .toSorted(),
    ).toEqual([
      ['contract', '[{"some":"body"}]', '-', '-', '-'],
      ['data-quality', '{"id":"late"}', `shop/${lane.topic.topic}`, '0', '3'],
      ['decode', 'gate closed', `shop/${lane.topic.topic}`, '0', '1'],
    ]);
    await lane.close();
  });

  it('keeps the order of a FIFO group, and stops at the first message that is not settled', async () => {
    const lane = await openLane({ fifo: true });
    const [first, second] = lane.append('{"id":1}', '{"id":2}');
    const bodyOf = (message: typeof first) =>
      `{"metadata":{"iggy_id":"${message?.id}","iggy_offset":${message?.offset},"iggy_partition_id":0,"iggy_stream":"shop","iggy_timestamp":${message?.timestamp},"iggy_topic":"${lane.topic.topic}"},"payload":{"id":1}}`;
    await stack.select('DROP TABLE t');
    const queueArn = `arn:aws:sqs:us-east-1:000000000000:${lane.topic.topic}.fifo`;
    const event = sqsEvent([first, second].map((message) => ({ body: bodyOf(message), group: 'g', queueArn })));

    const result = await functions.invoke(JSON.stringify(event));

    expect(result.kind === 'returned' && JSON.parse(result.payload)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm-0' }, { itemIdentifier: 'm-1' }],
    });
    await lane.close();
  });

  it('keeps messages hidden while the table takes no loads, and loads them when it does', async () => {
    const lane = await openLane();
    const before = functions.lines.length;
    await stack.select('DROP TABLE t');
    await lane.sink({ batchMode: 'json_array' }).consume(lane.append(...numbers(0, 3)), lane.topic);
    const mapping = await startSqsMapping({ sqs: stack.sqs, queueUrl: lane.queueUrl, function: functions, maximumConcurrency: 1 });
    while (!functions.lines.some((line) => line.includes('rejected-config') && line.includes(lane.topic.topic)))
      await new Promise((go) => setTimeout(go, 20));

    await stack.select(
      'CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
    );
    await mapping.drained();
    await mapping.stop();

    expect(await ids()).toEqual(idsOf(0, 3));
    expect(functions.lines.slice(before).filter((line) => line.includes('visibility-unchanged'))).toEqual([]);
    await lane.close();
  });

  it('stores each message once while functions are killed, replies are lost and messages come twice', async ({ skip }) => {
    skip(IS_REAL_DORIS, NEEDS_STAND_IN);
    const lane = await openLane({ visibilitySeconds: 2 });
    const sink = lane.sink({ batchMode: 'json_array' });
    const messages = lane.append(...numbers(0, 300));
    for (let from = 0; from < messages.length; from += 30) await sink.consume(messages.slice(from, from + 30), lane.topic);
    for (let from = 15; from < messages.length; from += 90) await sink.consume(messages.slice(from, from + 45), lane.topic);
    stack.doris.faults.seed(7);
    stack.doris.faults.add({ at: 'be.after-commit', probability: 0.3, action: { kind: 'reset' } });
    stack.doris.faults.add({ at: 'be.before-commit', probability: 0.2, action: { kind: 'reset' } });
    const hasty = stack.startFunction({ IGGY_RETRY_MAX_SECONDS: '5' }, 20_000, 'iggy-loader');
    let outcomes = 0;

    await lane.drain({
      function: hasty,
      batchSize: 3,
      batchingWindowSeconds: 0,
      maximumConcurrency: 3,
      redeliver: { seed: 7, probability: 0.3 },
      observe: (event) => {
        if (event.kind === 'outcome' && ++outcomes % 5 === 0 && outcomes <= 20) setTimeout(() => void hasty.kill(), 30);
      },
    });

    expect(await ids()).toEqual(idsOf(0, 300));
    await lane.close();
  });
});
