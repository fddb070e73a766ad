import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { DorisSettings } from '../../../lib/doris/settings.ts';
import { type ProxyHabits, startBufferingProxy } from '../../support/buffering-proxy.ts';
import { type Dorises, prepared, startDorises } from './support/dorises.ts';

let dorises: Dorises;
beforeAll(async () => {
  dorises = await startDorises();
});
afterAll(() => dorises.close());

async function behind(habits: ProxyHabits, change: Partial<DorisSettings> = {}) {
  const proxy = await startBufferingProxy(dorises.plain.feUrl, habits);
  onTestFinished(() => proxy.close());
  return await prepared(dorises.plain, { frontends: [new URL(proxy.endpoint)], ...change });
}

describe('a load by way of a proxy before the frontend', () => {
  it.each([
    ['hands the redirect on', { keepsExpect: true, followsRedirects: false }],
    ['follows the redirect itself', { keepsExpect: true, followsRedirects: true }],
  ])('that says 100 by itself and %s is stored once, however often it comes', async (_, habits) => {
    const { client, load, keys, deadline } = await behind(habits);

    const outcomes = [await client.load(load, deadline), await client.load(load, deadline)];

    expect(outcomes).toMatchObject([
      { kind: 'committed', how: 'loaded' },
      { kind: 'committed', how: 'already-loaded' },
    ]);
    expect(await keys()).toEqual([1, 2]);
  });

  it('that took its body is not in doubt when the frontend refuses the password', async () => {
    const credentials = async () => ({ username: dorises.plain.user, password: 'wrong' });
    const { client, load, deadline } = await behind({ keepsExpect: true, followsRedirects: false }, { credentials });

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'rejected-config', attempts: 1 });
  });

  it('that took its body goes out once more at once with a password that was changed', async () => {
    const { user: username, password } = dorises.plain;
    const credentials = async (refused?: object) => ({ username, password: refused === undefined ? 'former' : password });
    const { client, load, keys, deadline } = await behind({ keepsExpect: true, followsRedirects: false }, { credentials });

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'loaded' });
    expect(await keys()).toEqual([1, 2]);
  });

  it('that drops Expect is not stored, and told why', async () => {
    const { client, load, keys, deadline } = await behind({ keepsExpect: false, followsRedirects: false });

    const outcome = await client.load(load, deadline);

    expect(outcome).toMatchObject({
      kind: 'rejected-config',
      reason:
        'frontend: There is no 100-continue header - a proxy on the way drops the header Expect (nginx: proxy_set_header Expect $http_expect)',
    });
    expect(await keys()).toEqual([]);
  });
});
