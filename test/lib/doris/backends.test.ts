import { describe, expect, it } from 'vitest';
import { readBackends } from '../../../lib/doris/backends.ts';
import { seconds } from '../../../lib/units.ts';
import { aClient, aLoad, backendSaying, report, TWO_ROWS } from './support/doris.ts';
import { deadAddress, type Script, scriptedServer } from './support/scripted-server.ts';

const listing = (urls: readonly URL[]) => ({
  msg: 'success',
  code: 0,
  data: { backends: urls.map((url) => ({ ip: url.hostname, http_port: Number(url.port), is_alive: true })) },
  count: 0,
});

/** Lists these backends, and redirects loads to the last of them. */
const frontendListing =
  (urls: () => readonly URL[]): Script =>
  (call) => {
    if (call.seen.path === '/api/backends?is_alive=true') call.json(listing(urls()));
    else call.redirect(`${urls().at(-1)?.origin}${call.seen.path}`);
  };

describe('the way straight to a backend', () => {
  it('takes the backends in turn and asks for them once', async () => {
    const [one, two] = [await scriptedServer(backendSaying(report())), await scriptedServer(backendSaying(report()))];
    const fe = await scriptedServer(frontendListing(() => [one.url, two.url]));
    const { doris, within } = aClient([fe.url], { route: 'backend' });

    for (let n = 0; n < 4; n += 1) expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed', attempts: 1 });

    expect([one.seen.length, two.seen.length]).toEqual([2, 2]);
    expect(one.seen.map((seen) => seen.body)).toEqual([TWO_ROWS, TWO_ROWS]);
    expect(fe.seen.map(({ path }) => path)).toEqual(['/api/backends?is_alive=true']);
  });

  it('passes over a backend that refuses the connection', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const dead = deadAddress();
    const fe = await scriptedServer(frontendListing(() => [dead, be.url]));
    const { doris, slept, within } = aClient([fe.url], { route: 'backend' });

    for (let n = 0; n < 2; n += 1) expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed', attempts: 1 });
    expect(slept).toEqual([]);
  });

  it('goes by the frontend when it lists no backend', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer((call) => {
      if (call.seen.method === 'GET') call.json(listing([]));
      else call.redirect(`${be.url.origin}${call.seen.path}`);
    });
    const { doris, within } = aClient([fe.url], { route: 'backend' });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed', attempts: 1 });
  });

  it('gives no credentials to a backend that the policy does not name', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer(frontendListing(() => [new URL(`http://localhost:${be.url.port}`)]));
    const { doris, within } = aClient([fe.url], { route: 'backend' });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'rejected-config' });
    expect(be.connections()).toBe(0);
  });

  it('leads to the address that a backend is reached at from here', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer(frontendListing(() => [new URL('http://10.0.0.9:8040')]));
    const { doris, within } = aClient([fe.url], { route: 'backend', backendAddresses: new Map([['10.0.0.9:8040', be.host]]) });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed' });
    expect(fe.seen.map(({ method }) => method)).toEqual(['GET']);
  });
});

describe("the frontend's list of backends", () => {
  it('is read as addresses, of live backends only', () => {
    const backends = [
      { ip: '10.0.0.1', http_port: 8040, is_alive: true },
      { ip: '10.0.0.2', http_port: 8040, is_alive: false },
      { ip: 'fd00::1', http_port: 8040, is_alive: true },
      { ip: 'be-0.doris', http_port: 8040 },
      { ip: 'evil/x?@', http_port: 8040, is_alive: true },
      { ip: '10.0.0.3', http_port: '8040', is_alive: true },
      { ip: '10.0.0.4', http_port: 99_999, is_alive: true },
      null,
    ];

    expect(readBackends(JSON.stringify({ msg: 'success', code: 0, data: { backends }, count: 0 })).map(({ href }) => href)).toEqual([
      'http://10.0.0.1:8040/',
      'http://[fd00::1]:8040/',
      'http://be-0.doris:8040/',
    ]);
  });

  it.each(['', '[]', '{"code":1,"data":{"backends":[]}}', '{"code":0}', '{"code":0,"data":{"backends":{}}}', '<html>'])(
    'is empty after %j',
    (text) => {
      expect(readBackends(text)).toEqual([]);
    },
  );
});
