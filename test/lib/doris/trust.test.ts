import { describe, expect, it } from 'vitest';
import { CredentialsUnavailable } from '../../../lib/doris/authorization.ts';
import { parseRedirectHosts } from '../../../lib/doris/redirect-policy.ts';
import type { Credentials } from '../../../lib/doris/settings.ts';
import { millis, seconds } from '../../../lib/units.ts';
import { AUTHORIZATION, aClient, aLoad, backendSaying, failure, frontendTo, LABEL, PASSWORD, report, USERINFO } from './support/doris.ts';
import { type Script, type ScriptedServer, scriptedServer } from './support/scripted-server.ts';

/** 127.0.0.1 under a name that is not the frontend's. */
const foreign = (server: ScriptedServer) => new URL(`http://localhost:${server.url.port}`);

const redirectTo =
  (host: () => string): Script =>
  (call) =>
    call.redirect(`http://${USERINFO}${host()}${call.seen.path}?`);

describe('a host that the operator did not allow', () => {
  it('receives nothing at all when a load is redirected to it', async () => {
    const thief = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer(redirectTo(() => foreign(thief).host));
    const { doris, events, within } = aClient([fe.url]);

    const outcome = await doris.load(aLoad(), within(seconds(10)));

    expect(outcome).toEqual({
      kind: 'rejected-config',
      reason: `redirect from ${fe.host} refused: ${foreign(thief).host} may not receive credentials - when it is a backend of yours, add it to DORIS_REDIRECT_HOSTS`,
      attempts: 1,
    });
    expect([thief.seen.length, thief.connections()]).toEqual([0, 0]);
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), AUTHORIZATION.slice(6)]) {
      expect(JSON.stringify([outcome, events])).not.toContain(secret);
    }
  });

  it('receives nothing when a question for a label is redirected to it', async () => {
    const thief = await scriptedServer((call) => call.json({ msg: 'success', code: 0, data: 'VISIBLE', count: 0 }));
    const fe = await scriptedServer(redirectTo(() => foreign(thief).host));
    const { doris, within } = aClient([fe.url]);

    const state = await doris.labelState('db1', LABEL, within(seconds(10)));

    expect(state).toMatchObject({ kind: 'unreachable', reason: expect.stringContaining('may not receive credentials') });
    expect(JSON.stringify(state)).not.toContain(encodeURIComponent(PASSWORD));
    expect(thief.connections()).toBe(0);
  });

  it('receives nothing from a backend that redirects on either', async () => {
    const thief = await scriptedServer(backendSaying(report()));
    const be = await scriptedServer(async (call) => {
      await call.takeBody();
      call.redirect(`${foreign(thief).origin}${call.seen.path}`);
    });
    const fe = await scriptedServer(redirectTo(() => be.host));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'rejected-config' });
    expect(thief.connections()).toBe(0);
  });

  it('is asked for an error log without credentials', async () => {
    const log = await scriptedServer((call) => call.response.end('Reason: column(a) is null. src line [x]; \n'));
    const refused = failure('[DATA_QUALITY_ERROR]too many filtered rows', {
      ErrorURL: `${foreign(log).origin}/api/_load_error_log?file=x`,
    });
    const be = await scriptedServer(backendSaying(refused));
    const fe = await scriptedServer(frontendTo(() => be.url, ['ABORTED']));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({
      kind: 'rejected-data',
      rejection: { reason: 'column(a) is null' },
    });
    expect(log.seen[0]?.headers).not.toHaveProperty('authorization');
  });
});

describe('a host that the operator allowed', () => {
  it.each([['localhost'], ['other, localhost:%']])('by %s receives the load', async (pattern) => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer(redirectTo(() => foreign(be).host));
    const hosts = pattern.replace('%', be.url.port);
    const { doris, within } = aClient([fe.url], { redirects: parseRedirectHosts(hosts) });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed' });
    expect(be.seen[0]?.headers['authorization']).toBe(AUTHORIZATION);
  });

  it('by a network receives the load', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer(redirectTo(() => be.host));
    const { doris, within } = aClient([foreign(fe)], { redirects: parseRedirectHosts('127.0.0.0/8') });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed' });
  });

  it('on one port receives nothing on another', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer(redirectTo(() => foreign(be).host));
    const { doris, within } = aClient([fe.url], { redirects: parseRedirectHosts('localhost:1') });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'rejected-config' });
    expect(be.connections()).toBe(0);
  });

  it('under the address that it is reached at from here receives the load', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer(redirectTo(() => '10.0.0.9:8040'));
    const { doris, within } = aClient([fe.url], { backendAddresses: new Map([['10.0.0.9:8040', be.host]]) });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed' });
  });
});

describe('a rotated password', () => {
  it('is used from the next attempt on', async () => {
    const overloaded: Script = (call, nth) => (nth === 1 ? call.response.writeHead(429).end() : backendSaying(report())(call, nth));
    const be = await scriptedServer(overloaded);
    const fe = await scriptedServer(redirectTo(() => be.host));
    const passwords = ['old', 'new'];
    const { doris, within } = aClient([fe.url], { credentials: async () => ({ username: 'u', password: passwords.shift() ?? 'none' }) });

    await doris.load(aLoad(), within(seconds(60)));

    expect(be.seen.map(({ headers }) => Buffer.from(headers['authorization']?.slice(6) ?? '', 'base64').toString())).toEqual([
      'u:old',
      'u:new',
    ]);
  });
});

describe('credentials that Doris refuses', () => {
  const DENIED = { msg: 'Unauthorized', code: 401, data: 'Access denied for user', count: 0 };
  const userinfoOf = (authorization = ''): string => Buffer.from(authorization.slice(6), 'base64').toString();

  /** A frontend that knows the password `new` alone, and credentials that are read again only when they were refused. */
  async function rotated(passwords: readonly string[]) {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer((call) => {
      if (userinfoOf(call.seen.headers.authorization) !== 'u:new') return call.json(DENIED);
      if (call.seen.method === 'GET') return call.json({ msg: 'success', code: 0, data: 'VISIBLE', count: 0 });
      return call.redirect(`http://${be.host}${call.seen.path}`);
    });
    const known = passwords.map((password) => ({ username: 'u', password }));
    let at = 0;
    const credentials = async (refused?: Credentials) => {
      if (refused === known[at]) at = Math.min(at + 1, known.length - 1);
      return known[at] ?? { username: 'u', password: 'none' };
    };
    const seen = () => fe.seen.map(({ headers }) => userinfoOf(headers.authorization));
    return { ...aClient([fe.url], { credentials, maxAttempts: 1 }), seen };
  }

  it('are read again, and the load goes out once more at once', async () => {
    const { doris, within, seen } = await rotated(['old', 'new']);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed', how: 'loaded', attempts: 2 });
    expect(seen()).toEqual(['u:old', 'u:new']);
  });

  it('are read again when a question is refused', async () => {
    const { doris, within, seen } = await rotated(['old', 'new']);

    expect(await doris.labelState('db1', aLoad().label, within(seconds(10)))).toEqual({ kind: 'visible' });
    expect(seen()).toEqual(['u:old', 'u:new']);
  });

  it('are not sent again when they are still the same', async () => {
    const { doris, within, seen } = await rotated(['old']);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'rejected-config', attempts: 1 });
    expect(await doris.labelState('db1', aLoad().label, within(seconds(10)))).toMatchObject({ kind: 'unreachable' });
    expect(seen()).toEqual(['u:old', 'u:old']);
  });
});

describe('credentials that cannot be had', () => {
  it.each([
    ['are away', () => Promise.reject(new CredentialsUnavailable('Secrets Manager is away')), 'Secrets Manager is away'],
    ['do not come', () => new Promise<never>(() => {}), 'the credentials did not come in time'],
  ])('make Doris unavailable, and no server is asked: %s', async (_how, credentials, reason) => {
    const fe = await scriptedServer(redirectTo(() => '127.0.0.1:1'));
    const { doris, within } = aClient([fe.url], { credentials, maxAttempts: 1 });

    expect(await doris.load(aLoad(), within(millis(1100)))).toEqual({ kind: 'unavailable', reason, attempts: 0 });
    expect(await doris.labelState('shop', aLoad().label, within(millis(50)))).toMatchObject({ kind: 'unreachable' });
    expect(fe.connections()).toBe(0);
  });
});
