import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinesisEvent, STREAM_ARN } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { runCli } from './run.ts';

let stack: LocalStack;

beforeAll(async () => {
  stack = await startLocalStack();
  await stack.select(
    'CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  );
  const loader = stack.startFunction();
  const event = kinesisEvent([7, 8, 9].map((id) => ({ data: `{"id":${id}}`, sequenceNumber: String(id) })));
  expect(await loader.invoke(JSON.stringify(event))).toMatchObject({ kind: 'returned', payload: '{"batchItemFailures":[]}' });
});
afterAll(() => stack.close());

describe('checkpoints list', () => {
  it('shows how far each shard is settled, what it loaded and who did it', async () => {
    const { code, stdout } = await runCli(['checkpoints', 'list', '--json'], stack.env);

    expect(code).toBe(0);
    expect(JSON.parse(stdout).checkpoints).toEqual([
      expect.objectContaining({ loader: 'demo', stream: STREAM_ARN, target: 'demo.t', through: '9', claim: null, rows: 3, loads: 1 }),
    ]);
  });

  it('is a table for people', async () => {
    const [head, row] = (await runCli(['checkpoints', 'list'], stack.env)).stdout.split('\n');

    expect(head).toMatch(/^loader +stream +shard +table +settled through +claim +rows/);
    expect(row).toMatch(/^demo .* demo\.t +9 +- +3 +1 +0$/);
  });

  it('leaves other loaders out unless they are asked for', async () => {
    const other = { ...stack.env, LABEL_PREFIX: 'other' };

    expect((await runCli(['checkpoints', 'list'], other)).stdout).toContain('no checkpoints of loader other');
    expect((await runCli(['checkpoints', 'list', '--all-loaders'], other)).stdout).toContain('demo.t');
  });
});
