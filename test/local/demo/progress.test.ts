import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchProgress } from '../../../local/demo/progress.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { startDoris } from '../../../local/doris/start.ts';

let doris: DorisStandIn;

beforeEach(async () => {
  doris = await startDoris();
  await doris.query('CREATE DATABASE demo');
  await doris.query('CREATE TABLE t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1', 'demo');
  await doris.query('INSERT INTO t VALUES (1), (2)', 'demo');
});

afterEach(() => doris.close());

describe('progress on a terminal', () => {
  it('rewrites one line, shorter than the terminal is wide, and leaves nothing of it', async () => {
    const terminal = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 20 });

    const progress = watchProgress({ doris }, [{ table: 't' }], { out: terminal });
    progress.sent(3000);
    const [first] = await once(terminal, 'data');
    await progress.stop();
    const last = terminal.read() as unknown;

    expect(first).toMatch(/ {2}\d s {2}sent 3,000 {2}$/);
    expect(first).toHaveLength('\r\u001b[K'.length + 19);
    expect(last).toBe('\r\u001b[K');
  });
});

describe('progress that makes none', () => {
  it('says why, as soon as no row more is there than before', async () => {
    const terminal = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 200 });
    const progress = watchProgress({ doris }, [{ table: 't' }], { out: terminal, why: () => 'breaker open' });

    const [first] = await once(terminal, 'data');
    const [second] = await once(terminal, 'data');
    await progress.stop();

    expect(first).toMatch(/loaded 2 {2}invocations 0$/);
    expect(second).toMatch(/loaded 2 {2}invocations 0 {2}waiting: breaker open$/);
  });
});

describe('progress in a file', () => {
  it('asks and writes nothing after the end', async () => {
    const file = new PassThrough({ encoding: 'utf8' });

    const progress = watchProgress({ doris }, [{ table: 't' }], { out: file });
    await progress.stop();

    expect(file.read()).toBeNull();
  });
});
