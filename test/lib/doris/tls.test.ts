import https from 'node:https';
import { describe, expect, it } from 'vitest';
import type { DorisSettings } from '../../../lib/doris/settings.ts';
import { millis, seconds } from '../../../lib/units.ts';
import { selfSigned } from './support/certificate.ts';
import { aClient, aLoad, backendSaying, LABEL, report, TWO_ROWS } from './support/doris.ts';
import { rawServer, type Script, scriptedServer } from './support/scripted-server.ts';

const own = selfSigned();
const secureServer = (script: Script) => scriptedServer(script, https.createServer({ key: own.key, cert: own.cert }), 'https');

const answering =
  (backend: () => URL): Script =>
  (call) => {
    if (call.seen.method === 'GET') call.json({ msg: 'success', code: 0, data: 'VISIBLE', count: 0 });
    else call.redirect(`${backend().origin}${call.seen.path}`);
  };

async function secureCluster(change: Partial<DorisSettings>) {
  const be = await secureServer(backendSaying(report()));
  const fe = await secureServer(answering(() => be.url));
  return { be, fe, ...aClient([fe.url], change) };
}

describe('a cluster with certificates of a private authority', () => {
  it('is loaded into over TLS on both hops, and asked for labels', async () => {
    const { be, doris, within } = await secureCluster({ caCert: own.cert });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed' });
    expect(await doris.labelState('db1', LABEL, within(seconds(10)))).toEqual({ kind: 'visible' });
    expect(be.seen.map((seen) => seen.body)).toEqual([TWO_ROWS]);
  });

  it.each<readonly [string, Partial<DorisSettings>, string]>([
    ['no authority is configured', {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['another one is', { caCert: selfSigned().cert }, 'CERT'],
  ])('is unavailable and sees no request when %s', async (_, change, code) => {
    const { fe, doris, within } = await secureCluster(change);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({
      kind: 'unavailable',
      attempts: 0,
      reason: expect.stringContaining(code),
    });
    expect(await doris.labelState('db1', LABEL, within(seconds(60)))).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringContaining(code),
    });
    expect(fe.seen).toEqual([]);
  });

  it('says what lacks when its certificate cannot be checked', async () => {
    const { fe, doris, within } = await secureCluster({ maxAttempts: 1 });

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({
      reason: `${fe.url.host}: DEPTH_ZERO_SELF_SIGNED_CERT - DORIS_CA_CERT holds no authority of its certificate`,
    });
  });

  it('receives no credentials in clear on a backend without TLS, unless that is allowed', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await secureServer(answering(() => be.url));
    const strict = aClient([fe.url], { caCert: own.cert });
    const lax = aClient([fe.url], { caCert: own.cert, allowInsecureRedirect: true });

    expect(await strict.doris.load(aLoad(), strict.within(seconds(10)))).toMatchObject({
      kind: 'rejected-config',
      reason: expect.stringContaining('would receive credentials in clear'),
    });
    expect(be.connections()).toBe(0);
    expect(await lax.doris.load(aLoad(), lax.within(seconds(10)))).toMatchObject({ kind: 'committed' });
  });

  it('whose frontends name https for backends that speak no TLS is told about, and loaded into past the frontends', async () => {
    // Releases 2.1 to 4.0 redirect by the scheme of the request (reference 1.2).
    const be = await scriptedServer(backendSaying(report()));
    const fe = await secureServer((call) => {
      if (!call.seen.path.startsWith('/api/backends')) return call.redirect(`https://${be.url.host}${call.seen.path}`);
      const [ip, port] = [be.url.hostname, Number(be.url.port)];
      return call.json({ msg: 'success', code: 0, data: { backends: [{ ip, http_port: port, is_alive: true }] }, count: 0 });
    });
    const redirected = aClient([fe.url], { caCert: own.cert, maxAttempts: 1 });
    const direct = aClient([fe.url], { caCert: own.cert, route: 'backend', allowInsecureRedirect: true });

    expect(await redirected.doris.load(aLoad(), redirected.within(seconds(10)))).toMatchObject({
      kind: 'unavailable',
      reason: `${be.url.host}: EPROTO - its port speaks no TLS (docs/deploy.md, the way to Doris)`,
    });
    expect(await direct.doris.load(aLoad(), direct.within(seconds(10)))).toMatchObject({ kind: 'committed' });
  });

  it('is given up in time when the handshake never ends', async () => {
    const silent = await rawServer(() => {});
    const { doris, within } = aClient([new URL(`https://${silent.host}`)], { connectTimeout: millis(100), maxAttempts: 1 });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({
      kind: 'unavailable',
      attempts: 0,
      reason: expect.stringContaining('no connection within 100 ms'),
    });
  });
});
