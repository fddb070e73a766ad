import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { deadlineIn } from '../../../lib/deadline.ts';
import { connectDoris } from '../../../lib/doris/client.ts';
import { parseRedirectHosts } from '../../../lib/doris/redirect-policy.ts';
import type { Label } from '../../../lib/plan/label.ts';
import type { Load } from '../../../lib/ports.ts';
import { seconds } from '../../../lib/units.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { startDoris } from '../../../local/doris/start.ts';
import { PASSWORD, USER } from './support/doris.ts';
import { deadAddress, scriptedServer } from './support/scripted-server.ts';

const TARGET = { database: 'db', table: 't' };
const FROM_SHARD = { source: { column: 'src', value: "it's" }, shard: { column: 'shard', value: 's\\1' } };

let stand: DorisStandIn;
beforeAll(async () => {
  stand = await startDoris({ user: USER, password: PASSWORD });
  await stand.query('CREATE DATABASE db');
  const columns = 'src VARCHAR(20), shard VARCHAR(20), pos VARCHAR(20)';
  for (const [table, model] of [
    ['t', 'DUPLICATE KEY(src)'],
    ['u', 'UNIQUE KEY(src)'],
    ['a', 'AGGREGATE KEY(src, shard, pos)'],
  ])
    await stand.query(`CREATE TABLE ${table} (${columns}) ${model} DISTRIBUTED BY HASH(src) BUCKETS 1`, 'db');
});
afterAll(() => stand.close());

/** A client of these frontends, and half a minute. */
function client(...frontends: readonly string[]) {
  const doris = connectDoris(
    {
      frontends: frontends.map((url) => new URL(url)),
      credentials: async () => ({ username: USER, password: PASSWORD }),
      redirects: parseRedirectHosts(''),
    },
    systemClock,
  );
  onTestFinished(() => doris.close());
  return { doris, deadline: deadlineIn(seconds(30), systemClock) };
}

let loads = 0;

function aLoad(rows: readonly object[], change: Partial<Load> = {}): Load {
  const body = [Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))];
  const label = `load-${++loads}` as Label;
  return {
    label,
    target: TARGET,
    rows: rows.length,
    body,
    mayStart: async () => true,
    mayCommit: async () => true,
    mayPack: true,
    inDoubt: false,
    wouldBeKnown: async () => 'young',
    ...change,
  };
}

describe('the newest transaction', () => {
  it('has a higher id than any before, stores nothing and is over', async () => {
    const { doris, deadline } = client(stand.feUrl);
    const before = await doris.load(aLoad([{ src: 'x' }]), deadline);

    const first = await doris.newestTransaction(TARGET, deadline);
    const second = await doris.newestTransaction(TARGET, deadline);

    const ids = [before, first, second].map((told) => ('txnId' in told ? told.txnId : 'value' in told ? told.value : undefined));
    expect(ids).toEqual([...ids].sort((a, b) => Number(a) - Number(b)));
    expect(new Set(ids).size).toBe(3);
    expect((await stand.query("SELECT count(*) FROM t WHERE src = 'x'", 'db')).rows).toEqual([['1']]);
    const transaction = await stand.query(`SHOW TRANSACTION WHERE ID = ${ids[2]}`, 'db');
    expect(transaction.rows.flat()).toContain('ABORTED');
  });

  it('is asked of the next frontend when one is away', async () => {
    const { doris, deadline } = client(deadAddress().href, stand.feUrl);

    expect(await doris.newestTransaction(TARGET, deadline)).toMatchObject({ kind: 'told' });
  });

  it('is not told by a frontend that is away or has no backend, nor by a page of a proxy', async () => {
    const page = await scriptedServer((call) => call.response.writeHead(200).end('<html>'));

    const away = client(deadAddress().href);
    expect(await away.doris.newestTransaction(TARGET, away.deadline)).toMatchObject({ kind: 'unreachable' });
    const other = client(page.url.href);
    expect(await other.doris.newestTransaction(TARGET, other.deadline)).toMatchObject({ kind: 'unreachable' });
    const { doris, deadline } = client(stand.feUrl);
    stand.faults.add({ at: 'fe.redirect', times: 1, action: { kind: 'no-backend' } });
    expect(await doris.newestTransaction(TARGET, deadline)).toMatchObject({ kind: 'unreachable' });
  });
});

describe('the newest transaction of a table', () => {
  it('is not told while no load could be begun for it either: without the table, without the privilege', async () => {
    const { doris, deadline } = client(stand.feUrl);
    const denied = await scriptedServer((call) =>
      call.json({ status: 'FAILED', msg: 'Access denied; you need (at least one of) the (LOAD) privilege(s) for this operation' }),
    );
    const other = client(denied.url.href);

    expect(await doris.newestTransaction({ database: 'db', table: 'none' }, deadline)).toMatchObject({ kind: 'unreachable' });
    expect(await other.doris.newestTransaction(TARGET, other.deadline)).toMatchObject({ kind: 'unreachable' });
  });
});

describe('the model of a table', () => {
  it.each([
    ['t', 'duplicate'],
    ['u', 'unique'],
    ['a', 'aggregate'],
  ])('%s is %s', async (table, value) => {
    const { doris, deadline } = client(stand.feUrl);

    expect(await doris.tableModel({ database: 'db', table }, deadline)).toEqual({ kind: 'told', value });
  });

  it('is refused for a table that is not there', async () => {
    const { doris, deadline } = client(stand.feUrl);

    expect(await doris.tableModel({ database: 'db', table: 'none' }, deadline)).toMatchObject({ kind: 'refused' });
  });

  it('is not told while the frontends answer 503', async () => {
    const proxy = await scriptedServer((call) => call.response.writeHead(503).end());
    const { doris, deadline } = client(proxy.url.href);

    expect(await doris.tableModel(TARGET, deadline)).toMatchObject({ kind: 'unreachable' });
  });
});

describe('the number of rows of a span', () => {
  it('counts those of this source and shard whose position lies in it, ends included', async () => {
    const { doris, deadline } = client(stand.feUrl);
    const row = (pos: string, change: object = {}) => ({ src: "it's", shard: 's\\1', pos, ...change });
    const rows = [row('01'), row('02'), row('03'), row('04'), row('02', { src: 'other' }), row('03', { shard: 'other' })];
    await doris.load(aLoad(rows), deadline);

    const span = { ...FROM_SHARD, position: { column: 'pos', first: '02', last: '03' } };

    expect(await doris.countRows(TARGET, span, deadline)).toEqual({ kind: 'told', value: 2 });
  });

  it('stops where that is enough', async () => {
    const { doris, deadline } = client(stand.feUrl);
    await doris.load(aLoad([1, 2, 3].map((n) => ({ src: 'many', shard: 'x', pos: `${n}` }))), deadline);
    const span = {
      source: { column: 'src', value: 'many' },
      shard: { column: 'shard', value: 'x' },
      position: { column: 'pos', first: '', last: '9' },
      atMost: 1,
    };

    expect(await doris.countRows(TARGET, span, deadline)).toEqual({ kind: 'told', value: 1 });
  });

  it.each(['no scanNode Backend available', 'MEM_LIMIT_EXCEEDED: no memory', 'query timeout'])(
    'is not told now when Doris says %s',
    async (said) => {
      const fe = await scriptedServer((call) => call.json({ msg: 'Error', code: 1, data: `Failed to execute sql: ${said}`, count: 0 }));
      const { doris, deadline } = client(fe.url.href);
      const span = { ...FROM_SHARD, position: { column: 'pos', first: '1', last: '2' } };

      expect(await doris.countRows(TARGET, span, deadline)).toMatchObject({ kind: 'unreachable' });
    },
  );

  it('is refused when the table has no such column', async () => {
    const { doris, deadline } = client(stand.feUrl);
    const span = { ...FROM_SHARD, position: { column: 'none', first: '1', last: '2' } };

    expect(await doris.countRows(TARGET, span, deadline)).toMatchObject({ kind: 'refused' });
  });
});

describe('a witness', () => {
  it('is the label of the last settled load that became visible, of each database', async () => {
    const { doris, deadline } = client(stand.feUrl);
    const load = aLoad([{ src: 'w' }]);
    expect(doris.witness('db')).toBeUndefined();

    await doris.load(load, deadline);
    expect(doris.witness('db')).toBeUndefined();
    doris.settled('db', load.label);

    expect(doris.witness('db')).toBe(load.label);
    expect(doris.witness('other')).toBeUndefined();
  });

  it('is no load whose rows may become visible later', async () => {
    const { doris, deadline } = client(stand.feUrl);
    stand.faults.add({ at: 'be.after-commit', times: 1, action: { kind: 'publish-timeout', visibleAfterMs: 1 } });

    const load = aLoad([{ src: 'w' }]);
    expect(await doris.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'publish-timeout' });
    doris.settled('db', load.label);

    expect(doris.witness('db')).toBeUndefined();
  });
});
