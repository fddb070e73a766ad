import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinesisPosition } from '../../lib/source/position.ts';
import { STREAM } from '../../local/demo/stack.ts';
import { kinesisEvent } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { runCli, startCli } from './run.ts';

const COLUMNS = 'source=_source,shard=_shard,position=_position';
const ARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`;

const CREATE_GREEN =
  'CREATE TABLE green (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")';

let stack: LocalStack;
let numbers: readonly string[];
let shard = '';

/** Six records: the second is no JSON, the fifth is refused by the table, the sixth is never carried. */
beforeAll(async () => {
  stack = await startLocalStack();
  await stack.select(
    'CREATE TABLE t (id INT NOT NULL, _source VARCHAR(200) NULL, _shard VARCHAR(40) NULL, _position VARCHAR(150) NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  );
  const payloads = ['{"id":1}', 'no JSON', '{"id":3}', '{"id":4}', '{"id":"five"}', '{"id":6}'];
  const Records = payloads.map((data) => ({ Data: Buffer.from(data), PartitionKey: 'k' }));
  const { Records: put = [] } = await stack.kinesis.send(new PutRecordsCommand({ StreamName: STREAM, Records }));
  numbers = put.map(({ SequenceNumber = '' }) => SequenceNumber);
  shard = put[0]?.ShardId ?? '';
  const carried = payloads.slice(0, 5).map((data, n) => ({ data, sequenceNumber: numbers[n] ?? '', streamArn: ARN, shard }));
  const loader = stack.startFunction({ DORIS_POSITION_COLUMNS: COLUMNS });
  expect(await loader.invoke(JSON.stringify(kinesisEvent(carried)))).toMatchObject({ payload: '{"batchItemFailures":[]}' });
});
afterAll(() => stack.close());

const reconcile = (...more: readonly string[]) =>
  runCli(['reconcile', '--stream', STREAM, '--from', '2020-01-01', ...more], {
    ...stack.env,
    DORIS_TABLE: 't',
    DORIS_POSITION_COLUMNS: COLUMNS,
  });

describe('reconcile', () => {
  it('tells what the loader has not settled yet from what is lost', async () => {
    const { code, stdout } = await reconcile('--json');

    expect(JSON.parse(stdout)).toMatchObject({ lost: 0, doubled: 0, waiting: 1, shards: [{ lost: [], waiting: [numbers[5]] }] });
    expect(code).toBe(1);
  });

  it('names what is lost, tells dead letters from that, and ends with 1', async () => {
    const skip = ['checkpoints', 'reset', '--table', 't', '--to', numbers[5] ?? '', '--yes'];
    expect(await runCli(skip, stack.env)).toMatchObject({ code: 0 });

    const { code, stdout } = await reconcile('--json');

    expect(JSON.parse(stdout)).toEqual({
      lost: 1,
      doubled: 0,
      waiting: 0,
      shards: [{ shard, target: 'demo.t', expected: 5, lost: [numbers[5]], waiting: [], letters: [numbers[4]], doubled: [] }],
    });
    expect(code).toBe(1);
  });

  it('names what is there twice, even where a loss beside it makes the counts agree', async () => {
    const position = kinesisPosition(numbers[3] ?? '');
    await stack.select(`INSERT INTO t VALUES (4, '${ARN}', '${shard}', '${position}'), (6, '${ARN}', '${shard}', '${position}')`);

    const { stdout } = await reconcile('--json');

    expect(JSON.parse(stdout)).toMatchObject({ lost: 1, doubled: 1, shards: [{ doubled: [{ position: numbers[3], rows: 3 }] }] });
  });

  it('asks for position columns, and for a time that it can read', async () => {
    const without = await runCli(['reconcile', '--stream', STREAM, '--from', '2020-01-01'], { ...stack.env, DORIS_TABLE: 't' });
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('DORIS_POSITION_COLUMNS') });
    expect(await reconcile('--to', 'yesterday')).toMatchObject({ code: 2, stderr: expect.stringContaining('2026-11-21T03:00:00Z') });
  });
});

describe('explain-letter', () => {
  it('tells why the letter is there, what to do, and how far its shard is', async () => {
    const { code, stdout } = await runCli(['explain-letter', numbers[4] ?? '', '--json'], stack.env);

    expect(code).toBe(0);
    expect(JSON.parse(stdout).letters).toEqual([
      expect.objectContaining({
        errorClass: 'data-quality',
        redriven: 'no',
        settledThrough: numbers[5],
        advice: expect.stringContaining('redrive'),
      }),
    ]);
  });
});

describe('replay', () => {
  const replay = (...more: readonly string[]) =>
    runCli(['replay', '--stream', STREAM, '--from', '2020-01-01', '--json', ...more], { ...stack.env, DORIS_TABLE: 'green' });

  it('loads a stream into another table, and nothing twice when it is run again under the same name', async () => {
    await stack.select(CREATE_GREEN);

    for (const _ of ['once', 'twice']) {
      const { code, stdout } = await replay('--as', 'green-1', '--yes');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ as: 'green-1', records: 6, soFar: { rows: 4, deadLetters: 2 } });
    }

    expect((await stack.select('SELECT id FROM green ORDER BY id')).map(([id]) => Number(id))).toEqual([1, 3, 4, 6]);
  });

  it('says what it waits for, ends with 130 by Ctrl-C, and goes on where it was under the same name', async () => {
    await stack.select('DROP TABLE green');
    const { child, ended } = startCli(['replay', '--stream', STREAM, '--from', '2020-01-01', '--json', '--as', 'green-4', '--yes'], {
      ...stack.env,
      DORIS_TABLE: 'green',
    });
    let told = '';
    child.stderr?.on('data', (text: string) => {
      told += text;
    });
    await expect.poll(() => told, { timeout: 15_000, interval: 20 }).toContain('waiting: rejected-config');
    child.kill('SIGINT');

    const { code, stdout } = await ended;

    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ as: 'green-4', stopped: true });
    await stack.select(CREATE_GREEN);
    expect((await replay('--as', 'green-4', '--yes')).code).toBe(0);
    expect((await stack.select('SELECT id FROM green ORDER BY id')).map(([id]) => Number(id))).toEqual([1, 3, 4, 6]);
  });

  it('asks first, says into which tables, and refuses the name of the loader itself', async () => {
    expect(await replay('--as', 'green-2')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('is loaded into demo.green under the name green-2'),
    });
    expect(await replay('--as', 'demo', '--yes')).toMatchObject({ code: 2, stderr: expect.stringContaining('LABEL_PREFIX') });
  });
});
