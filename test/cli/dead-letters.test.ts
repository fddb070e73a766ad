import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinesisEvent, SHARD_ID, STREAM_ARN } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { runCli } from './run.ts';

let stack: LocalStack;
let folder: string;

/** Three records: two that the table refuses, and one that is not JSON. */
const PAYLOADS = ['{"id":1,"amount":"many"}', '{"id":2,"amount":"few","big":12345678901234567890}', 'no JSON'];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'letters-'));
  stack = await startLocalStack();
  await createTable('INT');
  const event = kinesisEvent(PAYLOADS.map((data, n) => ({ data, sequenceNumber: String(500 + n) })));
  expect(await stack.startFunction().invoke(JSON.stringify(event))).toMatchObject({ payload: '{"batchItemFailures":[]}' });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stack.close();
});

async function createTable(type: string): Promise<void> {
  await stack.select('DROP TABLE IF EXISTS t');
  await stack.select(
    `CREATE TABLE t (id BIGINT NOT NULL, amount ${type} NULL, big LARGEINT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
  );
}

const cli = (...args: readonly string[]) => runCli(['dead-letters', ...args], { ...stack.env, DORIS_TABLE: 't' });
const json = async (...args: readonly string[]) => JSON.parse((await cli(...args, '--json')).stdout);

describe('dead-letters, looked at', () => {
  it('are listed with their reasons, and stay where they are', async () => {
    for (const _ of ['once', 'twice']) {
      const { letters } = await json('list');
      expect(letters.map(({ position, errorClass }: Record<string, string>) => [position, errorClass]).toSorted()).toEqual([
        ['500', 'data-quality'],
        ['501', 'data-quality'],
        ['502', 'decode'],
      ]);
    }
  });

  it('end with 1, as something that is amiss', async () => {
    const { code, stdout } = await cli('list', '--where', 'errorClass=decode');

    expect(code).toBe(1);
    expect(stdout).toMatch(/^class +table +shard +position +failed at +reason\ndecode +demo\.t .* payload is not JSON\n$/);
  });

  it.each(['list', 'summary'])('that are not there are told by what was asked for: %s', async (command) => {
    const { code, stdout } = await cli(command, '--where', 'errorClass=oversize', '--where', 'table=t');

    expect(code).toBe(0);
    expect(stdout).toMatch(/^(no|0) dead letters with errorClass=oversize and table=t\n$/);
  });

  it('are counted by reason, table and shard', async () => {
    const { letters, by } = await json('summary');

    expect(letters).toBe(3);
    expect(by.table).toEqual([{ of: ['demo.t'], count: 3, oldest: expect.any(String) }]);
    expect(by.reason.map(({ count, of }: { count: number; of: string[] }) => [of[0], count])).toEqual([
      ['data-quality', 2],
      ['decode', 1],
    ]);
  });

  it('are shown one by one with everything that is known', async () => {
    const { stdout } = await cli('show', '501');

    expect(stdout).toContain('errorClass:  data-quality');
    expect(stdout.trimEnd().endsWith(PAYLOADS[1] ?? '')).toBe(true);
  });

  it('are exported with everything, one JSON document a line', async () => {
    const to = join(folder, 'letters.ndjson');

    expect((await cli('export', '--to', to)).code).toBe(0);

    const lines = readFileSync(to, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ body }) => body).toSorted()).toEqual(PAYLOADS.toSorted());
    expect(lines[0].attributes).toMatchObject({ source: 'kinesis', target: 'demo.t' });
    expect((await cli('export', '--to', to)).stderr).toContain('EEXIST');
    expect((await json('list')).letters).toHaveLength(3);
  });

  it('refuse a condition that means nothing, and say what is allowed', async () => {
    const { code, stderr } = await cli('list', '--where', 'tabel=t');

    expect(code).toBe(2);
    expect(stderr).toContain('"tabel" is no field of a letter');
    expect((await cli('list', '--where', 'clas=decode')).stderr).toContain('did you mean errorClass?');
  });
});

describe('dead-letters redrive', () => {
  it('asks first', async () => {
    const { code, stderr } = await cli('redrive');

    expect(code).toBe(4);
    expect(stderr).toContain('leave the queue for good');
  });

  it('tells in a dry run what an edit would come to', async () => {
    const report = await json('redrive', '--dry-run', '--edit', '({ ...row, amount: row.amount.length })');

    expect(report).toMatchObject({ read: 3, loaded: 2, removed: 0 });
    expect(report.left).toEqual([expect.objectContaining({ fate: 'refused', position: '502', reason: expect.stringContaining('--edit') })]);
  });

  it('loads what an edit makes of letters, long numbers digit for digit', async () => {
    const report = await json('redrive', '--yes', '--where', 'position=501', '--edit', '({ ...row, amount: row.amount.length })');

    expect(report).toMatchObject({ read: 3, passed: 2, loaded: 1, removed: 1, left: [] });
    expect(await stack.select('SELECT id, amount, CAST(big AS STRING) FROM t')).toEqual([['2', '3', '12345678901234567890']]);
  });

  it('loads the others once their table is mended, and leaves what cannot load', async () => {
    await createTable('VARCHAR(10)');

    const { code, stdout } = await cli('redrive', '--yes');

    expect(code).toBe(1);
    expect(stdout).toMatch(/^2 letters: 1 loaded, 1 stay\n/);
    expect(stdout).toContain('payload is not JSON');
    expect(await stack.select('SELECT id, amount FROM t')).toEqual([['1', 'many']]);
  });
});

describe('a letter that is gone', () => {
  const explain = (...args: readonly string[]) => runCli(args, { ...stack.env, DORIS_TABLE: 't' });

  it('is explained by what the ledger has of its record, and by the label of its redrive', async () => {
    const { code, stdout } = await explain('explain-letter', '501', '--json');

    expect(code).toBe(0);
    const { letters, gone } = JSON.parse(stdout);
    expect(letters).toEqual([]);
    expect(gone).toEqual([
      expect.objectContaining({
        shard: SHARD_ID,
        position: '501',
        target: 'demo.t',
        redriven: `yes, its record is stored, by load ${gone[0].label}`,
      }),
    ]);
    const explained = await explain('explain-label', gone[0].label);
    expect(explained.stdout).toMatch(/^redrive: loader demo, .*: 1 row, begun .*: stored, and each record of it$/m);
    expect(explained.stdout).toMatch(/VISIBLE: its rows are in the table/);
  });

  it('is found by the keys of its shard where stream and shard are named', async () => {
    const place = ['--stream', STREAM_ARN, '--shard', SHARD_ID];

    expect((await explain('explain-letter', '501', ...place)).stdout).toMatch(
      /^No letter .*\n\nstream: .*\n(.*\n)*redriven: +yes, its record is stored/,
    );
    expect(await explain('explain-letter', '501', '--stream', STREAM_ARN, '--shard', 'shardId-000000000077')).toMatchObject({ code: 3 });
  });

  it('is one that nobody redrove where the ledger has nothing of it', async () => {
    expect(await explain('explain-letter', '777')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no redrive of it by loader demo'),
    });
    expect(await explain('explain-letter', 'no-position')).toMatchObject({ code: 3, stderr: expect.stringContaining('of a position') });
  });
});

describe('dead-letters discard', () => {
  it('deletes nothing without a choice, nor without being asked', async () => {
    expect((await cli('discard')).code).toBe(2);
    expect((await cli('discard', '--all')).code).toBe(4);
    expect((await json('list')).letters).toHaveLength(1);
  });

  it('deletes what is chosen', async () => {
    expect(await json('discard', '--where', 'errorClass=data-quality', '--yes')).toEqual({ discarded: 0, stuck: [] });
    expect(await json('discard', '--where', 'errorClass=decode', '--yes')).toEqual({ discarded: 1, stuck: [] });
    expect((await json('list')).letters).toEqual([]);
  });
});
