import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ContractViolation } from '../../../lib/errors.ts';
import type { Fault } from '../../../local/doris/faults.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { IS_REAL_DORIS, NEEDS_STAND_IN } from '../../support/given.ts';
import { type Dorises, prepared, startDorises } from './support/dorises.ts';
import { scriptedServer } from './support/scripted-server.ts';

let dorises: Dorises;
let plain: DorisStandIn;
beforeAll(async () => {
  dorises = await startDorises();
  ({ plain } = dorises);
});
beforeEach(({ skip }) => skip(IS_REAL_DORIS, NEEDS_STAND_IN));
afterEach(() => plain.faults.clear());
afterAll(() => dorises.close());

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

describe('a load into a Doris that fails by a script', () => {
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
