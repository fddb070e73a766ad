import { gzipSync } from 'node:zlib';
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FunctionHost } from '../../local/function-process/host.ts';
import { kinesisEvent, kplAggregate, STREAM_ARN } from '../support/builders.ts';
import { IS_REAL_DORIS, NEEDS_STAND_IN } from '../support/given.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';

let stack: LocalStack;
let functions: FunctionHost & { readonly lines: string[] };
/** Each test has positions of its own: the ledger outlives them. */
let next = 1_000_000;

beforeAll(async () => {
  stack = await startLocalStack();
  functions = stack.startFunction();
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

/** An event of fresh records, and the sequence numbers that it has. */
function eventOf(payloads: readonly (string | Uint8Array)[]) {
  const numbers = payloads.map(() => String(next++));
  return { numbers, event: kinesisEvent(payloads.map((data, n) => ({ data, sequenceNumber: numbers[n] ?? '' }))) };
}

async function invoke(event: object, on: FunctionHost = functions) {
  const result = await on.invoke(JSON.stringify(event));
  return result.kind === 'returned' ? JSON.parse(result.payload) : result;
}

/** Moves the end of the pause that the loader `outage` wrote down. */
async function pauseUntil(until: number): Promise<void> {
  const dynamoDb = dynamoDbOf(stack);
  await dynamoDb.send(
    new UpdateItemCommand({
      TableName: stack.env['LEDGER_TABLE'] ?? '',
      Key: { pk: { S: 'outage#outage' }, sk: { S: 'demo.t' } },
      UpdateExpression: 'SET #until = :until',
      ConditionExpression: 'attribute_exists(#until)',
      ExpressionAttributeNames: { '#until': 'until' },
      ExpressionAttributeValues: { ':until': { N: String(until) } },
    }),
  );
  dynamoDb.destroy();
}

function dynamoDbOf({ aws }: LocalStack): DynamoDBClient {
  return new DynamoDBClient({
    endpoint: aws.dynamoDb.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
}

const SUCCESS = { batchItemFailures: [] };
const failedFrom = (itemIdentifier: string | undefined) => ({ batchItemFailures: [{ itemIdentifier }] });
const ids = async () => (await stack.select('SELECT id FROM t ORDER BY id')).map(([id]) => String(id));

describe('the bundle that is deployed', () => {
  it('carries a batch into Doris digit for digit', async () => {
    const { event } = eventOf([
      '{"id":9223372036854775807,"amount":12345678901234567890.123456789012345678}',
      '{"id":-9223372036854775808,"name":"a\\u00fcb"}',
      '{\n  "id": 3,\r\n  "name": "pretty"\n}',
      gzipSync('{"id":4,"name":"packed"}'),
      '{"id":5,"name":"first","name":"second"}',
    ]);

    expect(await invoke(event)).toEqual(SUCCESS);

    expect(await stack.select('SELECT CAST(id AS STRING), CAST(amount AS STRING), name FROM t ORDER BY id')).toEqual([
      ['-9223372036854775808', null, 'aüb'],
      ['3', null, 'pretty'],
      ['4', null, 'packed'],
      ['5', null, 'first'],
      ['9223372036854775807', '12345678901234567890.123456789012345678', null],
    ]);
  });

  it('takes KPL aggregates apart and absorbs them when they come again', async () => {
    const aggregate = kplAggregate(
      [],
      [1, 2, 3].map((id) => ({ data: Buffer.from(`{"id":${id}}`) })),
    );
    const { event } = eventOf([aggregate, '{"id":4}']);

    expect(await invoke(event)).toEqual(SUCCESS);
    expect(await invoke(event)).toEqual(SUCCESS);

    expect(await ids()).toEqual(['1', '2', '3', '4']);
  });

  it('loads nothing twice when a batch comes again whole, shorter or longer', async () => {
    const { event, numbers } = eventOf(Array.from({ length: 30 }, (_, n) => `{"id":${n}}`));
    const part = (from: number, to: number) => ({ Records: event.Records.slice(from, to) });

    for (const [from, to] of [
      [0, 20],
      [0, 20],
      [0, 7],
      [5, 25],
      [19, 30],
      [0, 30],
    ] as const)
      expect(await invoke(part(from, to))).toEqual(SUCCESS);

    expect(await stack.select('SELECT COUNT(*), COUNT(DISTINCT id) FROM t')).toEqual([['30', '30']]);
    expect(numbers).toHaveLength(30);
  });

  it('sends poison to the queue as the contract spells it, and the rest into the table', async () => {
    const { event, numbers } = eventOf(['{"id":1}', 'not JSON', '{"id":2,"name":"far too long"}', Buffer.from([0, 1, 2]), '{"id":3}']);

    expect(await invoke(event)).toEqual(SUCCESS);

    expect(await ids()).toEqual(['1', '3']);
    const letters = await stack.rawLetters();
    const byPosition = new Map(letters.map((letter) => [letter.attributes['position'], letter]));
    expect([...byPosition.keys()].sort()).toEqual([numbers[1], numbers[2], numbers[3]]);
    expect(byPosition.get(numbers[1] ?? '')).toMatchObject({
      body: 'not JSON',
      attributes: {
        errorClass: 'decode',
        reason: 'payload is not JSON',
        source: 'kinesis',
        stream: STREAM_ARN,
        shard: 'shardId-000000000003',
        target: 'demo.t',
        label: '-',
      },
    });
    expect(byPosition.get(numbers[2] ?? '')?.body).toBe('{"id":2,"name":"far too long"}');
    expect(byPosition.get(numbers[2] ?? '')?.attributes).toMatchObject({
      errorClass: 'data-quality',
      label: expect.stringMatching(/^demo-orders-3-/),
    });
    expect(byPosition.get(numbers[2] ?? '')?.attributes['reason']).toContain('name');
    expect(byPosition.get(numbers[3] ?? '')?.body).toBe('AAEC');
    expect(JSON.parse(byPosition.get(numbers[3] ?? '')?.attributes['context'] ?? '')).toMatchObject({
      version: 1,
      encoding: 'base64',
      partitionKey: 'customer-7',
      arrivedAt: '1970-01-01T00:00:01.500Z',
    });
  });

  it('finds the one record over which Doris fails a whole load without counting rows', async ({ skip }) => {
    if (IS_REAL_DORIS) skip(NEEDS_STAND_IN);
    await stack.select(
      'CREATE TABLE w (id BIGINT NOT NULL, v VARIANT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
    );
    const other = stack.startFunction({ DORIS_TABLE: 'w', LABEL_PREFIX: 'variant' });
    const key = 'k'.repeat(256);
    const { event } = eventOf([1, 2, 3, 4, 5].map((id) => (id === 4 ? `{"id":4,"v":{"${key}":1}}` : `{"id":${id},"v":{"a":1}}`)));

    const answer = await invoke(event, other);

    expect(answer).toEqual(SUCCESS);
    expect(await stack.select('SELECT id FROM w ORDER BY id')).toEqual([['1'], ['2'], ['3'], ['5']]);
    expect((await stack.rawLetters()).map(({ attributes }) => [attributes['errorClass'], attributes['reason']])).toEqual([
      ['data-quality', '[INVALID_ARGUMENT]Key length exceeds maximum allowed size of 255 bytes.'],
    ]);
  });

  it('answers with the lowest unsettled sequence number by value, not by text', async ({ skip }) => {
    skip(IS_REAL_DORIS, NEEDS_STAND_IN);
    stack.doris.faults.add({ at: 'fe.request', action: { kind: 'respond', status: 503 } });
    const down = stack.startFunction({ DORIS_MAX_ATTEMPTS: '1' });
    const event = kinesisEvent(
      ['99', '100', '1000'].map((sequenceNumber) => ({ sequenceNumber, data: '{"id":1}', shard: 'shardId-000000000077' })),
    );

    expect(await invoke({ Records: event.Records.toReversed() }, down)).toEqual(failedFrom('99'));
  });

  it('has lost and doubled nothing when Doris stored a load and the reply was lost', async ({ skip }) => {
    skip(IS_REAL_DORIS, NEEDS_STAND_IN);
    stack.doris.faults.add({ at: 'be.after-commit', times: 1, action: { kind: 'reset' } });
    const { event } = eventOf(['{"id":1}', '{"id":2}']);

    expect(await invoke(event)).toEqual(SUCCESS);
    // A commit is durable before its rows are visible; the look-up of the label counts it from then on.
    await expect.poll(ids).toEqual(['1', '2']);
  });

  it('acknowledges no record of a load that Doris reports otherwise than it was sent, however often it comes', async ({ skip }) => {
    skip(IS_REAL_DORIS, NEEDS_STAND_IN);
    stack.doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'alter', fields: { NumberLoadedRows: 1, NumberFilteredRows: 1 } } });
    // The shard waits for a person from then on.
    const event = kinesisEvent(
      [1, 2].map((id) => ({ data: `{"id":${id}}`, sequenceNumber: String(next++), shard: 'shardId-000000000078' })),
    );
    const [first] = event.Records;

    expect(await invoke(event)).toMatchObject({ kind: 'error', errorType: 'ContractViolation' });
    expect(await invoke(event)).toEqual(failedFrom(first?.kinesis.sequenceNumber));
    expect(await ids()).toEqual(['1', '2']);
  });

  it('has lost and doubled nothing when it is killed after Doris stored a load', async ({ skip }) => {
    skip(IS_REAL_DORIS, NEEDS_STAND_IN);
    stack.doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'hang' } });
    const { event } = eventOf(['{"id":1}', '{"id":2}']);
    const victim = stack.startFunction();
    const dying = invoke(event, victim);
    while ((await ids()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await victim.kill();

    expect(await dying).not.toEqual(SUCCESS);
    expect(await invoke(event, victim)).toEqual(SUCCESS);
    expect(await ids()).toEqual(['1', '2']);
  });

  it('dead-letters nothing while a table is missing, and loads everything once it is there', async () => {
    await stack.select('DROP TABLE t');
    const { event, numbers } = eventOf(['{"id":1}', '{"id":2}']);

    expect(await invoke(event)).toEqual(failedFrom(numbers[0]));
    expect(await stack.letters()).toEqual([]);
    await stack.select('CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1');
    // The breaker pauses for a second.
    await expect.poll(() => invoke(event), { timeout: 10_000, interval: 100 }).toEqual(SUCCESS);
    expect(await ids()).toEqual(['1', '2']);
  });

  it.skipIf(IS_REAL_DORIS)(
    'answers without asking Doris in an outage that another process has seen, and flows again after it',
    async () => {
      const repair = stack.doris.faults.add({ at: 'fe.request', action: { kind: 'respond', status: 503 } });
      const changes = { DORIS_MAX_ATTEMPTS: '1', LABEL_PREFIX: 'outage' };
      const [first, second] = [stack.startFunction(changes), stack.startFunction(changes)];
      const { event, numbers } = eventOf(['{"id":1}', '{"id":2}']);
      for (let n = 0; n < 3; n++) expect(await invoke(event, first)).toEqual(failedFrom(numbers[0]));
      expect(first.lines.join('\n')).toContain('"breaker-opened"');
      // However long the second process takes to start, the pause is not over.
      await pauseUntil(Date.now() + 200_000);

      expect(await invoke(event, second)).toEqual(failedFrom(numbers[0]));

      expect(second.lines.join('\n')).toContain('breaker open');
      expect(second.lines.join('\n')).not.toContain('"message":"load"');
      repair();
      await pauseUntil(Date.now());
      await expect.poll(() => invoke(event, second), { timeout: 100_000 }).toEqual(SUCCESS);
      expect(await ids()).toEqual(['1', '2']);
    },
  );

  it('routes by a field of the record, to tables of other databases too', async () => {
    await stack.doris.query('CREATE DATABASE IF NOT EXISTS web');
    await stack.doris.query('DROP TABLE IF EXISTS clicks', 'web');
    await stack.doris.query('CREATE TABLE clicks (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1', 'web');
    const routed = stack.startFunction({ DORIS_ROUTES: '[{"field":"type","equals":"click","table":"web.clicks"}]' });
    const { event } = eventOf(['{"id":1,"type":"click"}', '{"id":2,"type":"view"}', '{"id":3,"type":"click"}']);

    expect(await invoke(event, routed)).toEqual(SUCCESS);

    expect(await ids()).toEqual(['2']);
    expect((await stack.doris.query('SELECT id FROM clicks ORDER BY id', 'web')).rows).toEqual([['1'], ['3']]);
  });

  it('keeps the progress of a shard in one ledger item', async () => {
    const { event, numbers } = eventOf(['{"id":1}', '{"id":2}']);
    await invoke(event);

    const dynamoDb = dynamoDbOf(stack);
    const { Item } = await dynamoDb.send(
      new GetItemCommand({
        TableName: stack.env['LEDGER_TABLE'] ?? '',
        Key: { pk: { S: `demo#kinesis#${STREAM_ARN}#shardId-000000000003` }, sk: { S: 'demo.t' } },
      }),
    );
    dynamoDb.destroy();

    expect(Item?.['through']).toEqual({ S: (numbers[1] ?? '').padStart(129, '0') });
    expect(Item?.['claim']).toBeUndefined();
  });

  it('writes one log line a load and metrics, and neither password nor payload', async () => {
    const { event } = eventOf(['{"id":1,"name":"geheim"}']);
    const talker = stack.startFunction();
    await invoke(event, talker);

    const lines = talker.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    expect(lines.filter(({ message }) => message === 'load')).toMatchObject([
      { target: 'demo.t', shard: 'shardId-000000000003', rows: 1, attempts: 1, outcome: 'committed' },
    ]);
    expect(lines.find((line) => '_aws' in line && 'RowsLoaded' in line)).toMatchObject({ RowsLoaded: 1, Loads: 1, table: 'demo.t' });
    expect(talker.lines.join('\n')).not.toMatch(/geheim|local-only/);
  });
});

describe('a wrong environment', () => {
  it('stops the function with one message that names every fault and no secret', async () => {
    const wrong = stack.startFunction({
      DORIS_FE_URLS: 'http://me:hunter2@fe:8030',
      DORIS_TABEL: 't',
      LABEL_PREFIX: 'two words',
      LEDGER_TABLE: '',
    });

    const result = await invoke(kinesisEvent([]), wrong);

    expect(result).toMatchObject({ kind: 'error', errorType: 'ConfigError' });
    for (const part of ['DORIS_FE_URLS', 'did you mean DORIS_TABLE', 'LABEL_PREFIX', '"two words"', 'LEDGER_TABLE: is missing'])
      expect(result.errorMessage).toContain(part);
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });
});

describe('an event that is not from Kinesis', () => {
  it('fails the invocation, so that nothing is acknowledged', async () => {
    expect(await invoke({ Records: [{ body: 'x' }] })).toMatchObject({ kind: 'error', errorType: 'ContractViolation' });
  });

  it('with no records is settled', async () => {
    expect(await invoke({ Records: [] })).toEqual(SUCCESS);
  });
});
