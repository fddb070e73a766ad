import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { AUTH, ask, exchange, loadAtBackend } from './support/client.ts';
import { backendUrl, startTestDoris } from './support/doris.ts';

// Reference 5 and 8: what the frontend answers besides loads.

let doris: DorisStandIn;
beforeAll(async () => {
  doris = await startTestDoris({ backends: 2 });
  await doris.query(
    'CREATE TABLE u (id BIGINT, price DECIMAL(18,4), n INT SUM) AGGREGATE KEY(id, price) DISTRIBUTED BY HASH(id) BUCKETS 1',
    'db',
  );
});
afterAll(() => doris.close());

function sql(stmt: string, more: object = {}, catalog = 'internal') {
  return exchange(`${doris.feUrl}/api/query/${catalog}/db`, {
    method: 'POST',
    headers: AUTH,
    body: JSON.stringify({ stmt, ...more }),
  }).then(({ text }) => JSON.parse(text));
}

describe('the list of backends', () => {
  it('names address and port of each, alive or not', async () => {
    await doris.stop('be1');
    const all = await ask(doris.feUrl, '/api/backends');
    const alive = await ask(doris.feUrl, '/api/backends?is_alive=true');
    const health = await exchange(`${doris.feUrl}/api/health`);
    await doris.start('be1');
    const [first, second] = doris.beUrls.map((url, index) => ({
      ip: '127.0.0.1',
      http_port: Number(new URL(url).port),
      is_alive: index === 0,
    }));

    expect(all).toEqual({ msg: 'success', code: 0, data: { backends: [first, second] }, count: 0 });
    expect(alive.data).toEqual({ backends: [first] });
    expect(JSON.parse(health.text).data).toEqual({ total_backend_num: 2, online_backend_num: 1 });
  });

  it('needs a password; health and bootstrap do not', async () => {
    expect(JSON.parse((await exchange(`${doris.feUrl}/api/backends`)).text)).toMatchObject({ code: 401 });
    expect(JSON.parse((await exchange(`${doris.feUrl}/api/health`)).text)).toMatchObject({ code: 0 });
    expect(JSON.parse((await exchange(`${doris.feUrl}/api/bootstrap`)).text)).toMatchObject({
      code: 0,
      data: { version: expect.any(String) },
    });
    expect((await exchange(`${backendUrl(doris)}/api/health`)).status).toBe(200);
  });
});

describe('a table', () => {
  it('tells its schema in strings', async () => {
    expect(await ask(doris.feUrl, '/api/db/u/_schema')).toEqual({
      msg: 'success',
      code: 0,
      count: 0,
      data: {
        status: 200,
        keysType: 'AGG_KEYS',
        properties: [
          { name: 'id', type: 'BIGINT', comment: '', aggregation_type: '' },
          { name: 'price', type: 'DECIMAL', comment: '', aggregation_type: '', precision: '18', scale: '4' },
          { name: 'n', type: 'INT', comment: '', aggregation_type: 'SUM' },
        ],
      },
    });
  });

  it('tells its number of rows', async () => {
    await loadAtBackend(backendUrl(doris), 'db/t', {}, '{"k": 1}\n{"k": 2}\n{"k": 3}\n');

    expect((await ask(doris.feUrl, '/api/db/t/_count')).data).toEqual({ status: 200, size: 3 });
  });

  it('that does not exist is inner code 1', async () => {
    expect(await ask(doris.feUrl, '/api/db/nope/_schema')).toMatchObject({ code: 1, msg: 'Error' });
    expect(await ask(doris.feUrl, '/api/nodb/t/_count')).toMatchObject({ code: 1, msg: 'Error' });
  });
});

describe('SQL over HTTP', () => {
  it('answers rows with the names and types of their columns', async () => {
    await sql('INSERT INTO u (id, price, n) VALUES (7, 1.5, 2)');
    const answer = await sql('SELECT id, n FROM u WHERE id = 7');

    expect(answer).toMatchObject({ msg: 'success', code: 0, count: 0, data: { type: 'result_set', time: expect.any(Number) } });
    expect(answer.data.meta.map(({ name }: { readonly name: string }) => name)).toEqual(['id', 'n']);
    expect(answer.data.data.map((row: readonly unknown[]) => row.map(String))).toEqual([['7', '2']]);
  });

  it('answers a statement without rows with exec_status', async () => {
    expect(await sql('CREATE TABLE w (k INT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1')).toMatchObject({
      code: 0,
      data: { type: 'exec_status', status: {} },
    });
  });

  it('takes the old name of the catalog as well', async () => {
    expect(await sql('SELECT count(*) FROM u', {}, 'default_cluster')).toMatchObject({ code: 0 });
  });

  it('says what is wrong with inner code 1, and what is missing with 403', async () => {
    const wrong = await sql('SELECT * FROM nope');
    const missing = await exchange(`${doris.feUrl}/api/query/internal/db`, { method: 'POST', headers: AUTH, body: '{}' });

    expect(wrong).toMatchObject({ code: 1, data: expect.stringMatching(/^Failed to execute sql: /) });
    expect(JSON.parse(missing.text)).toMatchObject({ code: 403, data: 'Missing statement request body' });
  });

  it('gives no more rows than the limit', async () => {
    await loadAtBackend(backendUrl(doris), 'db/t', {}, '{"k": 9}\n'.repeat(1200));

    expect((await sql('SELECT k FROM t WHERE k = 9')).data.data).toHaveLength(1000);
    expect((await sql('SELECT k FROM t WHERE k = 9', { limit: 7 })).data.data).toHaveLength(7);
  });

  it('shows a transaction by its label', async () => {
    const { TxnId } = await loadAtBackend(backendUrl(doris), 'db/t', { label: 'shown' }, '{"k": 1}\n');
    const { data } = await sql("SHOW TRANSACTION FROM db WHERE LABEL = 'shown'");

    expect(data.data[0].slice(0, 4)).toEqual([String(TxnId), 'shown', 'be0', 'VISIBLE']);
  });
});

describe('a connection to the frontend', () => {
  it('serves one request after another', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number>();
    agent.on('free', (socket) => ports.add(socket.localPort));
    for (let request = 0; request < 3; request++) await exchange(`${doris.feUrl}/api/health`, { agent });
    agent.destroy();

    expect(ports.size).toBe(1);
  });
});

describe('_load_info', () => {
  it('does not know stream loads', async () => {
    await loadAtBackend(backendUrl(doris), 'db/t', { label: 'unlisted' }, '{"k": 1}\n');

    expect(await ask(doris.feUrl, '/api/db/_load_info?label=unlisted')).toMatchObject({ status: 'FAILED' });
  });
});
