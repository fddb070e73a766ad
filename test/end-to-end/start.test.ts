import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs what `npm start` runs, with these arguments. */
function start(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'local/start.ts', ...args],
      { cwd: root, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, output: stdout + stderr });
      },
    );
  });
}

describe('npm start', () => {
  it('carries flights and earthquakes with poison among them, and proves that each row arrived once', async () => {
    const { code, output } = await start('--records', '2000', '--shards', '2');

    expect(output).toMatch(/flights +2,000 +2,000 +2,000 +0 +0 +0/);
    expect(output).toMatch(/earthquakes +1,707 +1,707 +1,707 +0 +0 +0/);
    expect(output).toContain('PASSED');
    expect(code).toBe(0);
  }, 120_000);

  it('comes to the same result while Doris restarts, replies are lost, functions are killed and batches come again', async () => {
    const { code, output } = await start('--records', '1000', '--shards', '2', '--faults', '--seed', '7');

    expect(output).toMatch(/flights +1,000 +1,000 +1,000 +0 +0 +0/);
    expect(output).toMatch(/function processes killed|Doris restarts/);
    expect(output).toContain('PASSED');
    expect(code).toBe(0);
  }, 180_000);

  it("carries people's own data into their own table, and counts the lines that cannot be loaded", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loader-'));
    const input = join(folder, 'orders.ndjson');
    const table = join(folder, 'orders.sql');
    await writeFile(input, '{"order_id": 1, "total": 9.90}\n{"order_id": 2, "total": "n/a"}\n\n{"order_id": 3}\n');
    await writeFile(
      table,
      'CREATE TABLE IF NOT EXISTS orders (order_id BIGINT NOT NULL, total DECIMAL(10,2)) UNIQUE KEY(order_id) DISTRIBUTED BY HASH(order_id) BUCKETS 1',
    );

    const { code, output } = await start('--input', input, '--create-table', table, '--shards', '1');
    await rm(folder, { recursive: true });

    expect(output).toMatch(/orders\.ndjson +3 +2 +2 +0 +0 +1/);
    expect(code).toBe(0);
  }, 120_000);

  it('refuses wrong arguments in one sentence and shows the right ones, without starting anything', async () => {
    const { code, output } = await start('--shards', 'many');

    expect(output).toMatch(/^--shards must be a whole number from 1 to 16 \(given many\)\n\nusage: npm start/);
    expect(output).not.toContain('starting');
    expect(code).toBe(2);
  });
});
