import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { AUTH, exchange, raw } from './support/client.ts';
import { backendUrl, startTestDoris } from './support/doris.ts';

// Reference 1: the FE hop of a load.

function put(doris: DorisStandIn, path: string, headers: Readonly<Record<string, string>>) {
  return exchange(`${doris.feUrl}${path}`, { method: 'PUT', headers });
}

const EXPECT = { Expect: '100-continue' };
const LOAD = '/api/db/t/_stream_load';

describe('the checks of the frontend', () => {
  let doris: DorisStandIn;
  beforeAll(async () => {
    doris = await startTestDoris({ user: 'loader', password: 'pa:ss' });
  });
  afterAll(() => doris.close());
  const login = (password: string) => ({ Authorization: `Basic ${Buffer.from(`loader:${password}`).toString('base64')}` });
  const GOOD = login('pa:ss');

  it('refuses an unknown group_commit before it looks for a password (1.1 row 1)', async () => {
    const answer = await put(doris, LOAD, { group_commit: 'maybe' });

    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({
      status: 'FAILED',
      msg: 'Header `group_commit` can only be `sync_mode`, `async_mode` or `off_mode`.',
    });
  });

  it('takes group_commit in any case (1.1 row 1)', async () => {
    expect((await put(doris, LOAD, { ...GOOD, ...EXPECT, group_commit: 'OFF_MODE' })).status).toBe(307);
  });

  it('looks up the table of an async group commit before the password (1.1 row 2)', async () => {
    const noDatabase = await put(doris, '/api/nodb/t/_stream_load', { group_commit: 'async_mode' });
    const noTable = await put(doris, '/api/db/nope/_stream_load', { group_commit: 'async_mode' });

    expect(JSON.parse(noDatabase.text)).toEqual({ status: 'FAILED', msg: 'database is invalid for dbName: nodb' });
    expect(JSON.parse(noTable.text)).toEqual({ status: 'FAILED', msg: 'table is invalid: nope' });
  });

  it('refuses every cluster token (1.1 row 4)', async () => {
    const answer = await put(doris, LOAD, { ...GOOD, ...EXPECT, token: 'abc' });

    expect(JSON.parse(answer.text)).toEqual({ msg: 'Unauthorized', code: 401, data: 'Invalid token: abc', count: 0 });
  });

  it('answers a missing or malformed Authorization with HTTP 200 and inner code 401, before it asks for Expect (1.1 row 5)', async () => {
    for (const headers of [{}, { Authorization: 'Basic' }, { Authorization: `Basic ${Buffer.from('nocolon').toString('base64')}` }]) {
      const answer = await put(doris, LOAD, headers);

      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toEqual({ msg: 'Unauthorized', code: 401, data: 'Need auth information.', count: 0 });
    }
  });

  it('answers a wrong password with the access-denied text of MySQL (1.1 row 5)', async () => {
    const answer = await put(doris, LOAD, { ...login('wrong'), ...EXPECT });

    expect(JSON.parse(answer.text)).toEqual({
      msg: 'Unauthorized',
      code: 401,
      data: "Access denied for user 'loader'@'127.0.0.1' (using password: YES)",
      count: 0,
    });
  });

  it('wants an Expect header, whatever it says (1.1 row 6)', async () => {
    const without = await put(doris, LOAD, GOOD);
    const strange = await put(doris, LOAD, { ...GOOD, Expect: 'something-else' });

    expect(JSON.parse(without.text)).toEqual({ status: 'FAILED', msg: 'There is no 100-continue header' });
    expect(strange.status).toBe(307);
  });

  it('names the missing part of the path (1.1 row 7)', async () => {
    const noDatabase = await put(doris, '/api//t/_stream_load', { ...GOOD, ...EXPECT });
    const noTable = await put(doris, '/api/db//_stream_load', { ...GOOD, ...EXPECT });

    expect(JSON.parse(noDatabase.text)).toEqual({ status: 'FAILED', msg: 'No database selected.' });
    expect(JSON.parse(noTable.text)).toEqual({ status: 'FAILED', msg: 'No table selected.' });
  });

  it('knows tables only for group commit; other loads are redirected whatever they name (1.1 row 9)', async () => {
    const grouped = await put(doris, '/api/db/nope/_stream_load', { ...GOOD, ...EXPECT, group_commit: 'sync_mode' });
    const groupedNoDatabase = await put(doris, '/api/nodb/t/_stream_load', { ...GOOD, ...EXPECT, group_commit: 'sync_mode' });
    const plain = await put(doris, '/api/nodb/nope/_stream_load', { ...GOOD, ...EXPECT });

    expect(JSON.parse(grouped.text)).toEqual({ status: 'FAILED', msg: 'OlapTable not found.' });
    expect(JSON.parse(groupedNoDatabase.text)).toEqual({ status: 'FAILED', msg: 'Database not found.' });
    expect(plain.status).toBe(307);
  });

  it('redirects with 307 to a Location that holds user, password and a question mark without query (1.2)', async () => {
    const answer = await put(doris, LOAD, { ...GOOD, ...EXPECT });

    expect(answer.status).toBe(307);
    expect(answer.headers['content-type']).toBe('text/html;charset=utf-8');
    expect(answer.headers.location).toBe(`http://loader:pa:ss@${new URL(backendUrl(doris)).host}${LOAD}?`);
    expect(answer.continued).toBe(false);
  });

  it('keeps the query in Location (1.2)', async () => {
    const answer = await put(doris, `${LOAD}?k=a%2Bb`, { ...GOOD, ...EXPECT });

    expect(answer.headers.location).toBe(`http://loader:pa:ss@${new URL(backendUrl(doris)).host}${LOAD}?k=a%2Bb`);
  });

  it('answers 405 to another method and 404 to another path', async () => {
    expect((await exchange(`${doris.feUrl}${LOAD}`, { method: 'POST', headers: GOOD })).status).toBe(405);
    expect((await exchange(`${doris.feUrl}/api/nothing/at/all/here`, { headers: GOOD })).status).toBe(404);
  });
});

describe('a frontend with several backends', () => {
  let doris: DorisStandIn;
  beforeAll(async () => {
    doris = await startTestDoris({ backends: 3 });
  });
  afterAll(() => doris.close());
  const target = async (headers: Readonly<Record<string, string>> = {}) => {
    const answer = await put(doris, LOAD, { ...AUTH, ...EXPECT, ...headers });
    return answer.headers.location === undefined ? answer.text : `http://${new URL(answer.headers.location).host}`;
  };

  it('takes them in turn (1.2)', async () => {
    const six = [await target(), await target(), await target(), await target(), await target(), await target()];

    expect(six.slice(0, 3).sort()).toEqual([...doris.beUrls].sort());
    expect(six.slice(3)).toEqual(six.slice(0, 3));
  });

  it('sends group commits of one table to one backend (1.2)', async () => {
    const targets = [
      await target({ group_commit: 'sync_mode' }),
      await target({ group_commit: 'sync_mode' }),
      await target({ group_commit: 'sync_mode' }),
    ];

    expect(new Set(targets).size).toBe(1);
  });

  it('leaves out a backend that it knows to be down and says so when none is left (1.1 row 10)', async () => {
    await doris.stop('be0');
    await doris.stop('be1');
    const onlyOne = [await target(), await target()];
    await doris.stop('be2');
    const none = await target();
    await doris.start('be0');

    expect(onlyOne).toEqual([doris.beUrls[2], doris.beUrls[2]]);
    expect(JSON.parse(none)).toMatchObject({ status: 'FAILED', msg: expect.stringMatching(/^No backend load available\., policy: /) });
    expect(await target()).toBe(doris.beUrls[0]);
  });
});

describe('the newest release', () => {
  let doris: DorisStandIn;
  beforeAll(async () => {
    doris = await startTestDoris({ behaviour: { redirectForm: 'newest', noBackendText: 'new' } });
  });
  afterAll(() => doris.close());

  it('ends Location without a question mark when there is no query (1.2)', async () => {
    const answer = await put(doris, LOAD, { ...AUTH, ...EXPECT });

    expect(answer.headers.location).toBe(`http://root:@${new URL(backendUrl(doris)).host}${LOAD}`);
  });

  it('words the lack of backends differently (1.1 row 10)', async () => {
    await doris.stop('be0');
    const answer = await put(doris, LOAD, { ...AUTH, ...EXPECT });
    await doris.start('be0');

    expect(JSON.parse(answer.text).msg).toMatch(
      /^No backend available for load, please check the status of your backends\., policy: .*, compute group is /,
    );
  });
});

describe('body bytes that come before the redirect', () => {
  const TWENTY_MIB = Buffer.alloc(20 * 1024 * 1024, 0x20);
  let doris: DorisStandIn;
  afterEach(() => doris.close());
  const eager = () =>
    exchange(`${doris.feUrl}${LOAD}`, { method: 'PUT', headers: { ...AUTH, ...EXPECT }, body: TWENTY_MIB, eager: true }).then(
      ({ status }) => String(status),
      (error: NodeJS.ErrnoException) => error.code,
    );

  it('meet a cut connection: the client sees the 307 or a broken pipe (1.5)', async () => {
    doris = await startTestDoris();

    expect(['307', 'EPIPE', 'ECONNRESET']).toContain(await eager());
    expect(doris.transactions('db')).toEqual([]);
  });

  it('are read and dropped when draining is on, so that the 307 always arrives (1.5)', async () => {
    doris = await startTestDoris({ behaviour: { earlyBody: 'drain' } });

    expect(await eager()).toBe('307');
    expect(doris.transactions('db')).toEqual([]);
  });
});

describe('a Location for awkward credentials', () => {
  let doris: DorisStandIn;
  beforeEach(async () => {
    doris = await startTestDoris({ password: 'p@ss/w?rd%#ü' });
  });
  afterEach(() => doris.close());

  it('escapes what a URI does not allow, so that the password can be read back (1.2)', async () => {
    const Authorization = `Basic ${Buffer.from('root:p@ss/w?rd%#ü').toString('base64')}`;
    const answer = await put(doris, LOAD, { Authorization, ...EXPECT });

    expect(answer.headers.location).toContain('root:p%40ss%2Fw%3Frd%25%23%C3%BC@127.0.0.1:');
  });

  it('never promises a body: the 307 is complete without one (1.5)', async () => {
    const Authorization = `Basic ${Buffer.from('root:p@ss/w?rd%#ü').toString('base64')}`;
    const head = `PUT ${LOAD} HTTP/1.1\r\nHost: fe\r\nAuthorization: ${Authorization}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
    const text = await raw(doris.feUrl, head);

    expect(text).toMatch(/^HTTP\/1\.1 307 /);
    expect(text).not.toContain('100 Continue');
    expect(text).toMatch(/\r\nContent-Length: 0\r\n/);
    expect(text).toMatch(/\r\nConnection: close\r\n/);
  });
});
