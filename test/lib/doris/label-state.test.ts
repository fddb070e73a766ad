import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Label } from '../../../lib/plan/label.ts';
import { seconds } from '../../../lib/units.ts';
import { AUTHORIZATION, aClient, LABEL, USERINFO } from './support/doris.ts';
import { deadAddress, rawServer, scriptedServer } from './support/scripted-server.ts';

const state = (data: unknown) => ({ msg: 'success', code: 0, data, count: 0 });

describe("a label's state", () => {
  it.each([
    ['UNKNOWN', 'unknown'],
    ['PREPARE', 'prepare'],
    ['PRECOMMITTED', 'precommitted'],
    ['COMMITTED', 'committed'],
    ['VISIBLE', 'visible'],
    ['ABORTED', 'aborted'],
  ])('%s is told as %s', async (data, kind) => {
    const fe = await scriptedServer((call) => call.json(state(data)));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.labelState('db1', 'a:b' as Label, within(seconds(5)))).toEqual({ kind });
    expect(fe.seen.map(({ method, path, headers }) => [method, path, headers['authorization']])).toEqual([
      ['GET', '/api/db1/get_load_state?label=a%3Ab', AUTHORIZATION],
    ]);
  });

  it('is told by the master that a follower names, asked with fresh credentials', async () => {
    const master = await scriptedServer((call) => call.json(state('VISIBLE')));
    const follower = await scriptedServer((call) => call.redirect(`http://${USERINFO}${master.host}${call.seen.path}`));
    const { doris, within } = aClient([follower.url]);

    expect(await doris.labelState('db1', LABEL, within(seconds(5)))).toEqual({ kind: 'visible' });
    expect(master.seen.map(({ path, headers }) => [path, headers['authorization']])).toEqual([
      [`/api/db1/get_load_state?label=${LABEL}`, AUTHORIZATION],
    ]);
  });

  it('is told although a proxy packs it: whoever waits to see it would wait for ever', async () => {
    const fe = await scriptedServer((call) =>
      call.response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(state('ABORTED')))),
    );
    const { doris, within } = aClient([fe.url]);

    expect(await doris.labelState('db1', LABEL, within(seconds(5)))).toEqual({ kind: 'aborted' });
    expect(fe.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  it.each([
    ['is not packed though it says so', Buffer.from(JSON.stringify(state('ABORTED')))],
    ['unpacks to more than anybody would read', gzipSync(`${' '.repeat(2 ** 20)}${JSON.stringify(state('ABORTED'))}`)],
  ])('is not told by an answer that %s', async (_, body) => {
    const fe = await scriptedServer((call) => call.response.writeHead(200, { 'content-encoding': 'gzip' }).end(body));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.labelState('db1', LABEL, within(seconds(5)))).toMatchObject({ kind: 'unreachable' });
  });

  it('is told by the next frontend when one does not know', async () => {
    const confused = await scriptedServer((call) => call.json({ msg: 'Error', code: 1, data: 'not ready', count: 0 }));
    const fe = await scriptedServer((call) => call.json(state('ABORTED')));
    const { doris, within } = aClient([deadAddress(), confused.url, fe.url]);

    expect(await doris.labelState('db1', LABEL, within(seconds(5)))).toEqual({ kind: 'aborted' });
    expect([confused.seen.length, fe.seen.length]).toEqual([1, 1]);
  });

  it('is asked of the frontend that told one, before those that did not', async () => {
    let asked = 0;
    const silent = await rawServer((socket) => {
      socket.on('data', () => {
        asked += 1;
      });
    });
    const fe = await scriptedServer((call) => call.json(state('PREPARE')));
    const { doris, within } = aClient([silent.url, fe.url]);

    for (let n = 0; n < 3; n += 1) await doris.labelState('db1', LABEL, within(seconds(5)));

    expect([asked, fe.seen.length]).toEqual([1, 3]);
  });

  it.each<readonly [string, unknown]>([
    ['a fault', { msg: 'Error', code: 1, data: 'unknown database', count: 0 }],
    ['a refusal', { msg: 'Unauthorized', code: 401, data: 'Need auth information.', count: 0 }],
    ['a state that does not exist', state('FINISHED')],
    ['a state in another spelling', state('visible')],
    ['no state', state(null)],
    ['another shape', { status: 'OK', msg: 'VISIBLE' }],
    ['a list', ['VISIBLE']],
  ])('is not known after %s', async (_, answer) => {
    const fe = await scriptedServer((call) => call.json(answer));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.labelState('db1', LABEL, within(seconds(5)))).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringContaining(fe.host),
    });
  });

  it.each([401, 403, 404, 500, 503])('is not known after HTTP %i', async (status) => {
    const fe = await scriptedServer((call) => call.response.writeHead(status).end(JSON.stringify(state('VISIBLE'))));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.labelState('db1', LABEL, within(seconds(5)))).toEqual({ kind: 'unreachable', reason: `${fe.host}: HTTP ${status}` });
  });

  it('is not known from a frontend that never answers, drips, floods or resets', async () => {
    const silent = await rawServer(() => {});
    const resetting = await rawServer((socket) => socket.resetAndDestroy());
    const dripping = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write(' '), 20);
      socket.on('close', () => clearInterval(drip));
    });
    const flooding = await scriptedServer((call) => {
      const flood = () => {
        if (!call.response.destroyed) call.response.write('['.repeat(100_000), () => setImmediate(flood));
      };
      flood();
    });
    const { doris, within } = aClient([silent.url, resetting.url, dripping.url, flooding.url]);

    const told = await doris.labelState('db1', LABEL, within(seconds(10)));

    expect(told).toMatchObject({ kind: 'unreachable' });
    for (const { host } of [silent, resetting, dripping, flooding]) expect(JSON.stringify(told)).toContain(host);
  });

  it('is not asked for when no time is left', async () => {
    const fe = await scriptedServer((call) => call.json(state('VISIBLE')));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.labelState('db1', LABEL, within(seconds(0)))).toEqual({ kind: 'unreachable', reason: 'no time left to ask' });
    expect(fe.seen).toEqual([]);
  });
});
