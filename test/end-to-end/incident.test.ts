import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STREAM } from '../../local/demo/stack.ts';
import { runCli } from '../cli/run.ts';
import { kinesisEvent } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';

const ARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`;
const SETTINGS = { DORIS_TABLE: 't', DORIS_POSITION_COLUMNS: 'source=_source,shard=_shard,position=_position' };

let stack: LocalStack;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'incident-'));
  stack = await startLocalStack();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stack.close();
});

async function createTable(amount: string): Promise<void> {
  await stack.select(
    `CREATE TABLE t (id INT NOT NULL, amount ${amount} NULL, _source VARCHAR(200) NULL, _shard VARCHAR(40) NULL, _position VARCHAR(150) NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
  );
}

/** Widens the column in place of an ALTER TABLE, which the stand-in does not have. */
async function widen(): Promise<void> {
  const rows = await stack.select('SELECT id, amount, _source, _shard, _position FROM t');
  await stack.select('DROP TABLE t');
  await createTable('VARCHAR(20)');
  const values = rows.map((row) => `(${row.map((cell) => (cell === null ? 'NULL' : `'${cell}'`)).join(', ')})`);
  await stack.select(`INSERT INTO t VALUES ${values.join(', ')}`);
}

/** What producers send, put into the stream and spelled as Lambda brings it. */
async function produce(payloads: readonly string[]): Promise<object> {
  const Records = payloads.map((data) => ({ Data: Buffer.from(data), PartitionKey: 'k' }));
  const { Records: put = [] } = await stack.kinesis.send(new PutRecordsCommand({ StreamName: STREAM, Records }));
  return kinesisEvent(
    put.map(({ SequenceNumber = '', ShardId = '' }, n) => ({
      data: payloads[n] ?? '',
      sequenceNumber: SequenceNumber,
      shard: ShardId,
      streamArn: ARN,
    })),
  );
}

async function cli(...args: readonly string[]) {
  const ended = await runCli(args, { ...stack.env, ...SETTINGS });
  const record = process.env['INCIDENT_RECORD'];
  if (record !== undefined)
    appendFileSync(record, `$ npx doris-loader ${args.join(' ')}\n${ended.stdout}${ended.stderr}[exit ${ended.code}]\n\n`);
  return ended;
}

const ids = (count: number, from: number) => Array.from({ length: count }, (_, n) => from + n);

describe('a change of the schema upstream', () => {
  it('ends with nothing lost and nothing doubled, by fuse, mended table, redrive and reconciliation', async () => {
    await createTable('INT');
    const loader = stack.startFunction(SETTINGS);
    const settled = { kind: 'returned', payload: '{"batchItemFailures":[]}' };

    // A few producers are changed first: their rows become letters.
    const few = await produce(ids(40, 0).map((id) => `{"id":${id},"amount":${id % 10 === 7 ? '"12 EUR"' : id}}`));
    expect(await loader.invoke(JSON.stringify(few))).toEqual(settled);
    // Then all of them: the fuse stops the shard.
    const all = await produce(ids(60, 40).map((id) => `{"id":${id},"amount":"${id} EUR"}`));
    expect(await loader.invoke(JSON.stringify(all))).not.toEqual(settled);
    expect(loader.lines.join('')).toContain('fuse-blown');

    const status = await cli('status', '--stream', STREAM);
    expect(status.stdout).toMatch(/! .* -> demo\.t: the breaker is open for .*: fuse-blown after 1 failure: 51 of 51 rows are bad/);
    expect(status.code).toBe(1);
    const sample = join(folder, 'sample.ndjson');
    writeFileSync(sample, '{"id":40,"amount":"40 EUR"}\n');
    expect((await cli('doctor', '--stream', STREAM, '--sample', sample)).stdout).toContain('amount');
    expect((await cli('dead-letters', 'summary')).stdout).toMatch(/^4 dead letters/);
    expect((await cli('dead-letters', 'redrive', '--dry-run')).stdout).toMatch(/^4 letters: 0 would be loaded, 4 stay/);
    await widen();
    expect((await cli('dead-letters', 'redrive', '--dry-run')).stdout).toMatch(/^4 letters: 4 would be loaded, 0 stay/);
    await expect.poll(async () => await loader.invoke(JSON.stringify(all)), { timeout: 90_000, interval: 250 }).toEqual(settled);
    expect((await cli('dead-letters', 'redrive', '--yes')).stdout).toMatch(/^4 letters: 4 loaded, 0 stay/);

    const { code, stdout } = await cli('reconcile', '--stream', STREAM, '--from', '2020-01-01');
    expect(stdout).toContain('0 lost, 0 doubled');
    expect(code).toBe(0);
    expect(await stack.select('SELECT COUNT(*), COUNT(DISTINCT id) FROM t')).toEqual([['100', '100']]);
  }, 240_000);
});
