import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DorisSettings } from '../../../lib/doris/settings.ts';
import type { Label } from '../../../lib/plan/label.ts';
import type { Load } from '../../../lib/ports.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { type Dorises, prepared, startDorises } from './support/dorises.ts';

let dorises: Dorises;
let plain: DorisStandIn;
let cloud: DorisStandIn;
beforeAll(async () => {
  dorises = await startDorises();
  ({ plain, cloud } = dorises);
});
afterAll(() => dorises.close());

describe('a load into Doris', () => {
  it.each([
    ['frontend', () => plain],
    ['backend', () => plain],
    ['frontend', () => cloud],
  ] as const)('by the %s and once more is stored once', async (route, doris) => {
    const { client, load, keys, deadline } = await prepared(doris(), { route });

    const [first, second] = [await client.load(load, deadline), await client.load(load, deadline)];

    expect([first, second]).toMatchObject([
      { kind: 'committed', how: 'loaded' },
      { kind: 'committed', how: 'already-loaded' },
    ]);
    expect(await keys()).toEqual([1, 2]);
  });

  it('at the same time as itself is stored once', async () => {
    const { client, load, keys, deadline } = await prepared(plain);

    const outcomes = await Promise.all([client.load(load, deadline), client.load(load, deadline), client.load(load, deadline)]);

    expect(outcomes.map(({ kind }) => kind)).toEqual(['committed', 'committed', 'committed']);
    expect(await keys()).toEqual([1, 2]);
  });

  it('keeps its label although the table asks for group commit', async () => {
    const { client, load, deadline } = await prepared(plain, {}, ', "group_commit_mode" = "async_mode"');

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'loaded' });
    expect(await client.labelState('db', load.label, deadline)).toEqual({ kind: 'visible' });
  });

  it('whose rows are bad is refused with its reason, and the label can be used for good ones', async () => {
    for (const doris of [plain, cloud]) {
      const { client, load, keys, deadline } = await prepared(doris);
      const bad = [Buffer.from('{"k":1,"v":"a"}\n'), Buffer.from('{"k":null,"v":"secret"}\n')];

      const outcome = await client.load({ ...load, body: bad }, deadline);

      expect(outcome).toMatchObject({
        kind: 'rejected-data',
        rejection: { reason: expect.stringContaining('k'), counted: { total: 2, filtered: 1 } },
      });
      expect(outcome.kind === 'rejected-data' && outcome.rejection.reason).toMatch(/null/i);
      expect(outcome.kind === 'rejected-data' && outcome.rejection.reason).not.toContain('secret');
      expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'loaded' });
      expect(await keys()).toEqual([1, 2]);
    }
  });

  it.each<readonly [string, Partial<Load>, Partial<DorisSettings>]>([
    ['its table does not exist', { target: { database: 'db', table: 'nowhere' } }, {}],
    ['its database does not exist', { target: { database: 'nowhere', table: 't' } }, {}],
    ['its label has a dot', { label: 'a.b' as Label }, {}],
    ['the password is wrong', {}, { credentials: async () => ({ username: plain.user, password: 'wrong' }) }],
  ])('is a refused configuration when %s', async (_, change, settings) => {
    const { client, load, keys, deadline } = await prepared(plain, settings);

    expect(await client.load({ ...load, ...change }, deadline)).toMatchObject({ kind: 'rejected-config', attempts: 1 });
    expect(await keys()).toEqual([]);
  });
});
