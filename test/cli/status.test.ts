import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STREAM } from '../../local/demo/stack.ts';
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

  it('tells of a table that takes no loads, why and since when', async () => {
    await stack.select('DROP TABLE t');
    const record = await stack.put(3);
    // Two failures are free: a restart of Doris costs as many.
    for (const _ of [1, 2, 3]) await stack.deliver(record);

    const { code, report } = await status();

    expect(code).toBe(1);
    expect(report.lines[0].breaker).toMatchObject({ cause: 'rejected-config', failures: 3 });
    expect(report.findings).toEqual([expect.stringMatching(/demo\.t: the breaker is open for .*: rejected-config after 3 failures/)]);
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
    const metadata = `"iggy_id":"${'0'.repeat(32)}","iggy_offset":7,"iggy_partition_id":3,"iggy_stream":"shop","iggy_timestamp":1710064800123456,"iggy_topic":"orders"`;
    const event = sqsEvent([{ body: `{"metadata":{${metadata}},"payload":{"id":7}}` }]);
    expect(await loader.invoke(JSON.stringify(event))).toMatchObject({ kind: 'returned', payload: '{"batchItemFailures":[]}' });

    const { report } = await status();

    const settled = { groups: 1, unsettled: 0, unsettledForMs: 0, rows: 1, loads: 1, deadLetters: 0 };
    expect(report.partitions).toEqual([expect.objectContaining({ stream: 'shop/orders', partition: '3', target: 'demo.t', ...settled })]);
  });
});
