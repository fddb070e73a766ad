import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { deadlineIn } from '../../../lib/deadline.ts';
import { connectDoris } from '../../../lib/doris/client.ts';
import { parseRedirectHosts } from '../../../lib/doris/redirect-policy.ts';
import type { DorisSettings } from '../../../lib/doris/settings.ts';
import { ContractViolation } from '../../../lib/errors.ts';
import type { Label } from '../../../lib/plan/label.ts';
import type { Doris, Load } from '../../../lib/ports.ts';
import { millis, seconds } from '../../../lib/units.ts';
import type { Fault } from '../../../local/doris/faults.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { startDoris } from '../../../local/doris/start.ts';
import { PASSWORD, USER } from './support/doris.ts';
import { scriptedServer } from './support/scripted-server.ts';

const COLUMNS = '(`k` BIGINT NOT NULL, `v` VARCHAR(8) NULL) DUPLICATE KEY(`k`) DISTRIBUTED BY HASH(`k`) BUCKETS 1';

let plain: DorisStandIn;
let cloud: DorisStandIn;
beforeAll(async () => {
  plain = await startDoris({ user: USER, password: PASSWORD, backends: 2 });
  cloud = await startDoris({ user: USER, password: PASSWORD, behaviour: { cloud: true, redirectForm: 'newest', firstErrorMsg: true } });
  for (const doris of [plain, cloud]) await doris.query('CREATE DATABASE db');
});
afterEach(() => {
  for (const doris of [plain, cloud]) doris.faults.clear();
});
afterAll(async () => {
  for (const doris of [plain, cloud]) await doris.close();
});

let tables = 0;

/** A new table, a client, and a load of two rows into it. Delays are a twentieth of the longest. */
async function prepared(doris: DorisStandIn, change: Partial<DorisSettings> = {}, properties = '') {
  tables += 1;
  const table = `t${tables}`;
  await doris.query(`CREATE TABLE ${table} ${COLUMNS} PROPERTIES ("replication_num" = "1"${properties})`, 'db');
  const clock = { ...systemClock, random: () => 0.05 };
  const settings: DorisSettings = {
    frontends: [new URL(doris.feUrl)],
    credentials: async () => ({ username: USER, password: PASSWORD }),
    redirects: parseRedirectHosts(''),
    continueTimeout: millis(150),
    frontendTimeout: seconds(2),
    ...change,
  };
  const client: Doris & { close(): Promise<void> } = connectDoris(settings, clock);
  onTestFinished(() => client.close());
  const load: Load = {
    label: `load:${table}` as Label,
    target: { database: 'db', table },
    rows: 2,
    body: [Buffer.from('{"k":1,"v":"a"}\n'), Buffer.from('{"k":2,"v":null}\n')],
    mayStart: async () => true,
  };
  const keys = async () => (await doris.query(`SELECT k FROM ${table} ORDER BY k`, 'db')).rows.map(([k]) => Number(k));
  return { client, load, keys, deadline: deadlineIn(seconds(20), clock) };
}

// What strikes once, and how the load ends all the same. Rows are there exactly once in every case.
const STRIKES: readonly (readonly [string, Fault, string])[] = [
  ['the frontend resets the connection', { times: 1, at: 'fe.connect', action: { kind: 'reset' } }, 'loaded'],
  ['the frontend answers 503', { times: 1, at: 'fe.request', action: { kind: 'respond', status: 503 } }, 'loaded'],
  ['the frontend answers 429', { times: 1, at: 'fe.request', action: { kind: 'respond', status: 429 } }, 'loaded'],
  ['the frontend has no backend', { times: 1, at: 'fe.redirect', action: { kind: 'no-backend' } }, 'loaded'],
  ['the backend resets the connection', { times: 1, at: 'be.connect', action: { kind: 'reset' } }, 'loaded'],
  [
    'the backend has too many versions',
    { times: 1, at: 'be.before-commit', action: { kind: 'fail', message: '[E-235]too many versions' } },
    'loaded',
  ],
  ['the backend resets before its 100', { times: 1, at: 'be.continue', action: { kind: 'reset' } }, 'loaded'],
  ['the backend never says 100', { times: 1, at: 'be.continue', action: { kind: 'skip-continue' } }, 'loaded'],
  ['the backend resets over the body', { times: 1, at: 'be.body', action: { kind: 'reset' } }, 'loaded'],
  ['the backend restarts over the body', { times: 1, at: 'be.body', action: { kind: 'restart-backend' } }, 'loaded'],
  [
    'the load is cancelled',
    { times: 1, at: 'be.before-commit', action: { kind: 'fail', message: '[INTERNAL_ERROR]cancelled: closed' } },
    'loaded',
  ],
  ['the connection breaks before the commit', { times: 1, at: 'be.before-commit', action: { kind: 'reset' } }, 'loaded'],
  [
    'the label stays locked and aborts',
    { times: 1, at: 'be.before-commit', action: { kind: 'lock-label', ms: 100, becomes: 'ABORTED' } },
    'loaded',
  ],
  [
    'the label stays locked and commits',
    { times: 1, at: 'be.before-commit', action: { kind: 'lock-label', ms: 100, becomes: 'VISIBLE' } },
    'already-loaded',
  ],
  [
    'the commit is reported as Fail',
    { times: 1, at: 'be.after-commit', action: { kind: 'fail', message: '[THRIFT_RPC_ERROR]failed to call frontend service' } },
    'already-loaded',
  ],
  [
    'a commit is reported as bad data',
    { times: 1, at: 'be.after-commit', action: { kind: 'fail', message: '[DATA_QUALITY_ERROR]too many filtered rows' } },
    'already-loaded',
  ],
  ['the connection breaks after the commit', { times: 1, at: 'be.after-commit', action: { kind: 'reset' } }, 'already-loaded'],
  [
    'the reply is cut in the middle',
    { times: 1, at: 'be.reply', action: { kind: 'truncate', bytes: 40, honest: false } },
    'already-loaded',
  ],
  ['the reply is half a reply', { times: 1, at: 'be.reply', action: { kind: 'truncate', bytes: 40, honest: true } }, 'already-loaded'],
  ['the reply is 50 MB of garbage', { times: 1, at: 'be.reply', action: { kind: 'garbage', bytes: 50_000_000 } }, 'already-loaded'],
  [
    'the reply is a page',
    { times: 1, at: 'be.reply', action: { kind: 'respond', status: 200, body: '<html>Success</html>' } },
    'already-loaded',
  ],
  ['the reply is empty', { times: 1, at: 'be.reply', action: { kind: 'respond', status: 200, body: '' } }, 'already-loaded'],
  ['the reply is 502', { times: 1, at: 'be.reply', action: { kind: 'respond', status: 502 } }, 'already-loaded'],
  ['the reply comes in drops', { times: 1, at: 'be.reply', action: { kind: 'trickle', everyMs: 1, bytes: 16 } }, 'loaded'],
  ['the reply has no label', { times: 1, at: 'be.reply', action: { kind: 'alter', fields: { Label: null } } }, 'already-loaded'],
];

describe('a load into the stand-in', () => {
  it.each(STRIKES)('is stored once although %s', async (_, fault, how) => {
    const { client, load, keys, deadline } = await prepared(plain);
    plain.faults.add(fault);
    const struckBefore = plain.faults.struck().length;

    const outcome = await client.load(load, deadline);

    expect(outcome).toMatchObject({ kind: 'committed', how });
    expect(plain.faults.struck().length).toBeGreaterThan(struckBefore);
    // Committed is durable; it becomes visible a moment later.
    await expect.poll(keys).toEqual([1, 2]);
  });

  it('is durable although it is published later', async () => {
    const { client, load, keys, deadline } = await prepared(plain);
    plain.faults.add({ at: 'be.after-commit', times: 1, action: { kind: 'publish-timeout' } });

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'publish-timeout' });
    expect(await client.labelState('db', load.label, deadline)).toEqual({ kind: 'committed' });
    await plain.faults.release();
    expect(await keys()).toEqual([1, 2]);
  });

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
    ['the password is wrong', {}, { credentials: async () => ({ username: USER, password: 'wrong' }) }],
  ])('is a refused configuration when %s', async (_, change, settings) => {
    const { client, load, keys, deadline } = await prepared(plain, settings);

    expect(await client.load({ ...load, ...change }, deadline)).toMatchObject({ kind: 'rejected-config', attempts: 1 });
    expect(await keys()).toEqual([]);
  });

  it.each<readonly [string, Readonly<Record<string, string | number | boolean | null>>]>([
    ['another label', { Label: 'other' }],
    ['fewer rows', { NumberLoadedRows: 1 }],
    ['filtered rows', { NumberFilteredRows: 1 }],
    ['group commit', { GroupCommit: true }],
  ])('stops the loader when Success tells of %s', async (_, fields) => {
    const { client, load, deadline } = await prepared(plain);
    plain.faults.add({ at: 'be.reply', times: 1, action: { kind: 'alter', fields } });

    await expect(client.load(load, deadline)).rejects.toThrow(ContractViolation);
  });

  it.each<readonly [string, string]>([
    ['in a circle', '{fe}{path}'],
    ['without a host', '{path}'],
    ['to nowhere on the web', 'ftp://127.0.0.1{path}'],
  ])('is a refused configuration when the frontend redirects %s', async (_, location) => {
    const { client, load, deadline } = await prepared(plain);
    plain.faults.add({ at: 'fe.redirect', action: { kind: 'redirect', location } });

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'rejected-config', attempts: 1 });
  });

  it('gives a foreign host nothing when the frontend redirects there', async () => {
    const thief = await scriptedServer(() => {});
    const { client, load, deadline } = await prepared(plain);
    plain.faults.add({ at: 'fe.redirect', action: { kind: 'redirect', location: `http://u:p@localhost:${thief.url.port}{path}` } });

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'rejected-config' });
    expect(thief.connections()).toBe(0);
  });

  it('goes on with the other backend while one is down and the frontend has not noticed', async () => {
    const { client, load, keys, deadline } = await prepared(plain);
    await plain.stop('be0', { noticed: false });
    onTestFinished(() => plain.start('be0'));

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'loaded' });
    expect(await keys()).toEqual([1, 2]);
  });
});
