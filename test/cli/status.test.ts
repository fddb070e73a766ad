import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STREAM } from '../../local/demo/stack.ts';
import { kinesisEvent } from '../support/builders.ts';
import { sqsEvent } from '../support/sqs-event.ts';
import { ARN, type CliStack, CREATE_T, SHARD, startCliStack } from './fixture.ts';
import { runCli } from './run.ts';

let stack: CliStack;

beforeAll(async () => {
  stack = await startCliStack();
});
afterAll(() => stack.close());

async function status(...args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(['status', '--json', ...args], stack.env);
  return { code, stderr, report: stdout === '' ? undefined : JSON.parse(stdout) };
}

describe('status', () => {
  it('asks for a stream while the ledger knows none', async () => {
    const { code, stderr } = await status();

    expect(code).toBe(2);
    expect(JSON.parse(stderr).error.message).toContain('name a stream with --stream');
  });

  it('names a shard that has records and no checkpoint', async () => {
    await stack.put(0);

    const { code, report } = await status('--stream', STREAM);

    expect(code).toBe(1);
    expect(report.lines).toEqual([expect.objectContaining({ stream: ARN, shard: SHARD, state: 'open', target: null, through: null })]);
    expect(report.findings).toEqual([
      expect.stringContaining(`${STREAM} ${SHARD}: the stream has records there, the ledger has no checkpoint`),
    ]);
  });

  it('is in order when everything that the stream has is settled', async () => {
    const record = await stack.put(1);
    await stack.deliver(record);

    const { code, report } = await status();

    expect(code).toBe(0);
    expect(report).toMatchObject({
      lines: [
        { loader: 'demo', shard: SHARD, target: 'demo.t', through: record.sequenceNumber, claim: null, behindMs: 0, rows: 1, loads: 1 },
      ],
      worst: { behindMs: 0, retentionLeftMs: null },
      findings: [],
    });
  });

  it('tells the age of the oldest record that is not settled and how long the stream keeps it', async () => {
    await stack.put(2);

    const { code, report } = await status();

    expect(code).toBe(0);
    const { behindMs, retentionLeftMs } = report.worst;
    expect(behindMs).toBeGreaterThan(0);
    expect(behindMs + retentionLeftMs).toBe(24 * 3_600_000);
    const { stdout } = await runCli(['status'], stack.env);
    expect(stdout).toMatch(/worst shard: .+ behind, 24 h until the stream loses data/);
  });

  it('tells of a table that takes no loads, why and since when, from the first load on', async () => {
    await stack.select('DROP TABLE t');
    const record = await stack.put(3);
    await stack.deliver(record);

    const { code, report } = await status();

    expect(code).toBe(1);
    expect(report.lines[0].breaker).toMatchObject({ cause: 'rejected-config', failures: 1, reason: expect.stringMatching(/table/i) });
    expect(report.findings).toEqual([
      expect.stringMatching(/demo\.t: the breaker is open for .*: rejected-config after 1 failure: .*table.*Run doctor/i),
    ]);
  });

  it('finds the shards of a stream by their keys when it is named', async () => {
    for (const stream of [STREAM, ARN]) {
      const { report } = await status('--stream', stream);

      expect(report.lines).toEqual([expect.objectContaining({ shard: SHARD, target: 'demo.t', rows: 1 })]);
      expect(report.lines[0].breaker).toMatchObject({ cause: 'rejected-config' });
    }
  });

  it('tells of a table into which nothing was ever settled', async () => {
    const loader = stack.startFunction({ DORIS_TABLE: 'never', LABEL_PREFIX: 'new' }, 20_000, 'iggy-loader');
    await loader.invoke(JSON.stringify(sqsEvent([{ body: iggyBody(6) }])));

    const { code, stdout, stderr } = await runCli(['status', '--json'], { ...stack.env, LABEL_PREFIX: 'new' });

    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout).findings).toEqual([
      expect.stringMatching(/^loader new -> demo\.never: the breaker is open for .*rejected-config/),
    ]);
  });

  it('shows what the ledger has of a stream that is gone, and says that it is', async () => {
    const gone = `${ARN}-of-last-year`;
    const event = kinesisEvent([{ data: '{"id":1}', sequenceNumber: '7', streamArn: gone, shard: SHARD }]);
    await stack.startFunction({ DORIS_TABLE: 'never', LABEL_PREFIX: 'old' }).invoke(JSON.stringify(event));

    const { code, stdout, stderr } = await runCli(['status', '--json'], { ...stack.env, LABEL_PREFIX: 'old' });

    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      lines: [{ stream: gone, shard: SHARD, state: 'gone', target: 'demo.never' }],
      findings: expect.arrayContaining([`${gone}: there is no such stream in this account and region; what the ledger has of it is shown`]),
    });
  });

  it('names a checkpoint whose shard the stream does not have', async () => {
    const dynamoDb = new DynamoDBClient({
      endpoint: stack.aws.dynamoDb.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    });
    const shard = 'shardId-000000000077';
    await dynamoDb.send(
      new PutItemCommand({
        TableName: stack.env['LEDGER_TABLE'] ?? '',
        Item: {
          pk: { S: `demo#kinesis#${ARN}#${shard}` },
          sk: { S: 'demo.t' },
          stream: { S: ARN },
          shard: { S: shard },
          target: { S: 'demo.t' },
          through: { S: '7'.padStart(129, '0') },
          updatedAt: { N: '1700000000000' },
        },
      }),
    );
    dynamoDb.destroy();

    const { report } = await status();

    expect(report.lines).toContainEqual(expect.objectContaining({ shard, state: 'gone', behindMs: null }));
    expect(report.findings).toContainEqual(
      expect.stringContaining(`${shard} -> demo.t: the ledger has a checkpoint of a shard that the stream no longer lists`),
    );
  });

  it('counts what partitions of Iggy have settled', async () => {
    await stack.select(CREATE_T);
    const loader = stack.startFunction({}, 20_000, 'iggy-loader');
    const event = sqsEvent([{ body: iggyBody(7) }]);
    expect(await loader.invoke(JSON.stringify(event))).toMatchObject({ kind: 'returned', payload: '{"batchItemFailures":[]}' });

    const { report } = await status();

    const settled = { groups: 1, unsettled: 0, unsettledForMs: 0, rows: 1, loads: 1, deadLetters: 0 };
    const list = await runCli(['checkpoints', 'list', '--stream', 'shop/orders', '--json'], stack.env);
    expect(JSON.parse(list.stdout)).toEqual({ checkpoints: [], partitions: report.partitions });
    const show = await runCli(['checkpoints', 'show', '--shard', '3'], stack.env);
    expect(show.stdout).toMatch(/^ *stream +shop\/orders\n *partition +3\n/m);
    expect(report.partitions).toEqual([expect.objectContaining({ stream: 'shop/orders', partition: '3', target: 'demo.t', ...settled })]);
  });
});

/** One message as http_sink sends it. */
function iggyBody(offset: number): string {
  const metadata = `"iggy_id":"${'0'.repeat(32)}","iggy_offset":${offset},"iggy_partition_id":3,"iggy_stream":"shop","iggy_timestamp":1710064800123456,"iggy_topic":"orders"`;
  return `{"metadata":{${metadata}},"payload":{"id":${offset}}}`;
}
