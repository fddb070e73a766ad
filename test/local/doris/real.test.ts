import { afterAll, beforeAll, expect, it } from 'vitest';
import { realDoris } from '../../../local/doris/real.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { startDoris } from '../../../local/doris/start.ts';

let server: DorisStandIn;
beforeAll(async () => {
  server = await startDoris({ user: 'loader', password: 'p:ss' });
});
afterAll(() => server.close());

it('a Doris that is given runs statements through its frontend, and gives cells as text', async () => {
  const doris = realDoris(server);
  await doris.query('CREATE DATABASE given');
  await doris.query('CREATE TABLE t (k BIGINT NOT NULL, v VARCHAR(8)) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1', 'given');
  await doris.query("INSERT INTO t VALUES (1, 'a'), (2, NULL)", 'given');

  const { columns, rows } = await doris.query('SELECT k, v FROM t ORDER BY k', 'given');

  expect(columns.map(({ name }) => name)).toEqual(['k', 'v']);
  expect(rows).toEqual([
    ['1', 'a'],
    ['2', null],
  ]);
  await expect(doris.query('SELECT 1 FROM nowhere', 'given')).rejects.toThrow(/Doris refuses «SELECT 1 FROM nowhere»/);
});

it('a Doris that is given takes no scripts', () => {
  const doris = realDoris(server);

  expect(() => doris.faults.add({ at: 'fe.request', action: { kind: 'reset' } })).toThrow(/only the stand-in can/);
  expect(() => doris.restart()).toThrow(/only the stand-in can/);
});
