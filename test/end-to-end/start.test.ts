import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, startProcess } from '../cli/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What `npm start` runs. */
const START = ['--import', 'tsx', 'local/start.ts'];

/** Runs it with these arguments. */
function start(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...START, ...args], { cwd: root, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, output: stdout + stderr });
    });
  });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loader-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The arguments that name these lines and this statement. */
async function ownFiles(lines: readonly string[], statement: string): Promise<string[]> {
  const [input, table] = [join(folder, 'orders.ndjson'), join(folder, 'orders.sql')];
  await writeFile(input, lines.join('\n'));
  await writeFile(table, statement);
  return ['--input', input, '--create-table', table];
}

describe('npm start', () => {
  it('carries flights and earthquakes with poison among them, and proves that each row arrived once', async () => {
    const { code, output } = await start('--records', '2000', '--shards', '2');

    expect(output).toMatch(/flights +2,000 +2,000 +2,000 +0 +0 +0/);
    expect(output).toMatch(/earthquakes +1,707 +1,707 +1,707 +0 +0 +0/);
    expect(output).toContain('PASSED');
    expect(code).toBe(0);
  });

  it('comes to the same result while Doris restarts, replies are lost, functions are killed and batches come again', async () => {
    const { code, output } = await start('--records', '1000', '--shards', '2', '--faults', '--seed', '7');

    expect(output).toMatch(/flights +1,000 +1,000 +1,000 +0 +0 +0/);
    expect(output).toMatch(/function processes killed|Doris restarts/);
    expect(output).toContain('PASSED');
    expect(code).toBe(0);
  });

  it('stays up where it is told so, with tables in which the command line finds each record of the stream', async () => {
    const args = [...START, '--records', '1000', '--shards', '2', '--keep-running'];
    const { child, ended } = startProcess(process.execPath, args, {}, 110_000);
    let told = '';
    child.stdout?.on('data', (text: string) => {
      told += text;
    });
    await expect.poll(() => told, { timeout: 90_000, interval: 50 }).toMatch(/npx doris-loader reconcile .*\n/);
    const command = /npx doris-loader (reconcile .*)\n/.exec(told)?.[1]?.split(' ') ?? [];

    const { stdout } = await runCli([...command, '--json']);
    child.kill('SIGINT');

    expect(JSON.parse(stdout)).toMatchObject({ lost: 0, doubled: 0, waiting: 0 });
    // Of the poison five kinds, three of each, are rows, which only the table refuses.
    expect(JSON.parse(stdout).shards.reduce((sum: number, { expected }: { expected: number }) => sum + expected, 0)).toBe(1000 + 15);
    expect(told).toContain('PASSED');
    expect((await ended).code).toBe(0);
  });

  it("carries people's own data into their own table, and tells which lines cannot be loaded and why", async () => {
    const files = await ownFiles(
      ['{"order_id": 1, "total": 9.90}', '{"order_id": 2, "total": "n/a"}', '', '{"order_id": 3}', '{"order_id": 3}'],
      'CREATE TABLE IF NOT EXISTS orders (order_id BIGINT NOT NULL, total DECIMAL(10,2)) UNIQUE KEY(order_id) DISTRIBUTED BY HASH(order_id) BUCKETS 1',
    );

    const { code, output } = await start(...files, '--shards', '1');

    expect(output).toMatch(/orders\.ndjson +4 +2 +2 +0 +0 +1\n/);
    expect(output).toContain('merged rows are not lost');
    expect(output).toMatch(/\n +1 +2 +data-quality +column\(total\)/);
    expect(output).toMatch(/FAILED:\n.*orders\.ndjson: 1 of 4 records can never load and are dead letters\n/);
    expect(code).toBe(1);
  });

  it('stops with what Doris says when the data does not fit the table', async () => {
    const files = await ownFiles(
      Array.from({ length: 30 }, (_, n) => `{"id":"x${n}"}`),
      'CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1',
    );

    const { code, output } = await start(...files, '--shards', '1');

    expect(output).toMatch(/STOPPED: the fuse has blown: Doris refused 30 of 30 rows for demo\.t, .* Doris says: column\(id\)/);
    expect(output).toContain("the function's log in dist/kinesis-loader.log");
    expect(code).toBe(1);
  });

  it('refuses files that it cannot use in one sentence, without starting anything', async () => {
    const { code, output } = await start('--input', 'no-such.ndjson', '--create-table', 'no-such.sql');

    expect(output).toMatch(/^--create-table no-such\.sql: cannot be read: ENOENT.*\n$/);
    expect(code).toBe(2);
  });

  it('refuses wrong arguments in one sentence and shows the right ones, without starting anything', async () => {
    const { code, output } = await start('--shards', 'many');

    expect(output).toMatch(/^--shards must be a whole number from 1 to 16 \(given many\)\n\nusage: npm start/);
    expect(output).not.toContain('starting');
    expect(code).toBe(2);
  });
});
