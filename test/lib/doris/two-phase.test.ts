import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ContractViolation } from '../../../lib/errors.ts';
import { seconds } from '../../../lib/units.ts';
import type { Fault } from '../../../local/doris/faults.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { IS_REAL_DORIS, NEEDS_STAND_IN } from '../../support/given.ts';
import { AUTHORIZATION, aCluster, aLoad, backendSaying, failure, LABEL, report } from './support/doris.ts';
import { type Dorises, prepared, startDorises } from './support/dorises.ts';

const TWO_PHASE = { mode: 'two-phase' } as const;

let dorises: Dorises;
let plain: DorisStandIn;
beforeAll(async () => {
  dorises = await startDorises();
  ({ plain } = dorises);
});
afterEach(() => plain.faults.clear());
afterAll(() => dorises.close());

/** A second phase that an operator, or another loader, sends. */
async function secondPhase(doris: DorisStandIn, operation: 'commit' | 'abort', label: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${doris.user}:${doris.password}`).toString('base64')}`;
  const headers = { authorization, label, txn_operation: operation };
  const redirected = await fetch(`${doris.feUrl}/api/db/_stream_load_2pc`, { method: 'PUT', headers, redirect: 'manual' });
  const { host, pathname } = new URL(redirected.headers.get('location') ?? '');
  const reply = await fetch(`http://${host}${pathname}`, { method: 'PUT', headers });
  expect(await reply.json()).toMatchObject({ status: 'Success' });
}

describe('a load in two phases', () => {
  it.each([
    ['frontend', () => plain],
    ['backend', () => plain],
    ['frontend', () => dorises.cloud],
  ] as const)('by the %s is invisible until it may be seen, and visible after that', async (route, doris) => {
    const { client, load, keys, deadline } = await prepared(doris(), { ...TWO_PHASE, route });
    const before: unknown[] = [];
    const mayCommit = async () => {
      before.push(await keys(), await client.labelState('db', load.label, deadline));
      return true;
    };

    const outcome = await client.load({ ...load, mayCommit }, deadline);

    expect(before).toEqual([[], { kind: 'precommitted' }]);
    expect(outcome).toMatchObject({ kind: 'committed', how: 'loaded', attempts: 1 });
    expect(await keys()).toEqual([1, 2]);
    client.settled('db', load.label);
    expect(client.witness('db')).toBe(load.label);
  });

  it('stays invisible when it may not be seen, and is shown without another transaction when it may', async () => {
    const { client, load, keys, deadline } = await prepared(plain, TWO_PHASE);

    expect(await client.load({ ...load, mayCommit: async () => false }, deadline)).toMatchObject({ kind: 'running' });
    expect(await keys()).toEqual([]);
    client.settled('db', load.label);
    expect(client.witness('db')).not.toBe(load.label);

    expect(await client.load({ ...load, inDoubt: true }, deadline)).toMatchObject({ kind: 'committed', how: 'loaded', attempts: 0 });
    expect(await keys()).toEqual([1, 2]);
  });

  it('that is put once more while it waits for its commit is stored once', async () => {
    const { client, load, keys, deadline } = await prepared(plain, TWO_PHASE);
    await client.load({ ...load, mayCommit: async () => false }, deadline);

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'loaded' });
    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed', how: 'already-loaded' });
    expect(await keys()).toEqual([1, 2]);
  });

  it('that somebody else commits meanwhile is committed', async () => {
    const { client, load, keys, deadline } = await prepared(plain, TWO_PHASE);
    const mayCommit = async () => {
      await secondPhase(plain, 'commit', load.label);
      return true;
    };

    expect(await client.load({ ...load, mayCommit }, deadline)).toMatchObject({ kind: 'committed', how: 'loaded' });
    expect(await keys()).toEqual([1, 2]);
  });

  it('that is aborted before its commit is loaded again', async () => {
    const { client, load, keys, deadline } = await prepared(plain, TWO_PHASE);
    let asked = 0;
    const mayCommit = async () => {
      asked += 1;
      if (asked === 1) await secondPhase(plain, 'abort', load.label);
      return true;
    };

    expect(await client.load({ ...load, mayCommit }, deadline)).toMatchObject({ kind: 'committed', how: 'loaded', attempts: 2 });
    expect(await keys()).toEqual([1, 2]);
  });

  it('is committed by its label alone when its records are gone', async () => {
    const { client, load, keys, deadline } = await prepared(plain, TWO_PHASE);
    await client.load({ ...load, mayCommit: async () => false }, deadline);

    expect(await client.commit(load.target, load.label, deadline)).toEqual({ kind: 'visible' });
    expect(await client.commit(load.target, load.label, deadline)).toEqual({ kind: 'visible' });
    expect(await keys()).toEqual([1, 2]);
  });

  it('whose rows are bad is refused, and nothing waits for a commit', async () => {
    const { client, load, deadline } = await prepared(plain, TWO_PHASE);
    const bad = [Buffer.from('{"k":1,"v":"a"}\n'), Buffer.from('{"k":null,"v":"b"}\n')];

    expect(await client.load({ ...load, body: bad }, deadline)).toMatchObject({
      kind: 'rejected-data',
      rejection: { counted: { total: 2, filtered: 1 } },
    });
    expect(await client.labelState('db', load.label, deadline)).toEqual({ kind: 'aborted' });
  });
});

const isCommit = ({ path }: { readonly path: string }) => path.includes('_stream_load_2pc');
const isLoad = ({ path }: { readonly path: string }) => !isCommit({ path });

describe.skipIf(IS_REAL_DORIS)(`a load in two phases into a Doris that fails by a script (else ${NEEDS_STAND_IN})`, () => {
  it.each<readonly [string, Fault]>([
    ['the reply to the load is lost', { at: 'be.reply', when: isLoad, times: 1, action: { kind: 'reset' } }],
    ['the reply to the load is cut', { at: 'be.reply', when: isLoad, times: 1, action: { kind: 'truncate', bytes: 40, honest: true } }],
    ['the transaction hangs and aborts', { at: 'be.before-commit', times: 1, action: { kind: 'lock-label', ms: 50, becomes: 'ABORTED' } }],
    ['the frontend refuses the commit', { at: 'fe.request', when: isCommit, times: 1, action: { kind: 'respond', status: 503 } }],
    ['the backend resets over the commit', { at: 'be.two-phase', times: 1, action: { kind: 'reset' } }],
    ['the reply to the commit is lost', { at: 'be.reply', when: isCommit, times: 1, action: { kind: 'reset' } }],
    [
      'the reply to the commit is a page',
      { at: 'be.reply', when: isCommit, times: 1, action: { kind: 'respond', status: 200, body: '<p>' } },
    ],
    ['the reply to the commit is 502', { at: 'be.reply', when: isCommit, times: 1, action: { kind: 'respond', status: 502 } }],
    ['no state can be asked for after the commit', { at: 'fe.load-state', times: 1, action: { kind: 'reset' } }],
  ])('is stored once although %s', async (_, fault) => {
    const { client, load, keys, deadline } = await prepared(plain, TWO_PHASE);
    plain.faults.add(fault);
    const struckBefore = plain.faults.struck().length;

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'committed' });

    expect(plain.faults.struck().length).toBeGreaterThan(struckBefore);
    expect(await keys()).toEqual([1, 2]);
  });

  it('that counts other rows than were sent stops the loader, and is never visible', async () => {
    const { client, load, keys, deadline } = await prepared(plain, TWO_PHASE);
    plain.faults.add({ at: 'be.reply', when: isLoad, times: 1, action: { kind: 'alter', fields: { NumberLoadedRows: 1 } } });

    await expect(client.load(load, deadline)).rejects.toThrow(ContractViolation);

    expect(await client.labelState('db', load.label, deadline)).toEqual({ kind: 'aborted' });
    expect(await client.load({ ...load, inDoubt: true }, deadline)).toMatchObject({ kind: 'committed', how: 'loaded', attempts: 1 });
    expect(await keys()).toEqual([1, 2]);
  });

  it('stays in doubt while Doris does not commit it', async () => {
    const { client, load, keys, deadline } = await prepared(plain, { ...TWO_PHASE, maxAttempts: 2 });
    plain.faults.add({ at: 'be.two-phase', action: { kind: 'reset' } });

    expect(await client.load(load, deadline)).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('commit') });
    plain.faults.clear();

    expect(await client.load({ ...load, inDoubt: true }, deadline)).toMatchObject({ kind: 'committed', how: 'loaded' });
    expect(await keys()).toEqual([1, 2]);
  });

  it('is a refused configuration that names the setting, where a cloud table merges on write', async () => {
    const { client, load, deadline } = await prepared(dorises.cloud, TWO_PHASE);
    await dorises.cloud.query(
      'CREATE TABLE mow (`k` BIGINT NOT NULL, `v` VARCHAR(8) NULL) UNIQUE KEY(`k`) DISTRIBUTED BY HASH(`k`) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
      'db',
    );

    const outcome = await client.load({ ...load, target: { database: 'db', table: 'mow' } }, deadline);

    expect(outcome).toMatchObject({ kind: 'rejected-config', reason: expect.stringMatching(/unsupported for mow table.*DORIS_LOAD_MODE/) });
  });
});

describe('what a load in two phases says to Doris', () => {
  it('is the same on both hops, and the commit names the transaction', async () => {
    const { fe, be, doris, events, within } = await aCluster(
      async (call) => {
        if (call.seen.path.includes('_2pc')) return call.json({ status: 'Success', msg: 'transaction [7] commit successfully.' });
        await call.takeBody();
        return call.json(report({ TwoPhaseCommit: 'true' }));
      },
      ['COMMITTED'],
      TWO_PHASE,
    );

    const outcome = await doris.load(aLoad(), within(seconds(20)));

    expect(outcome).toEqual({ kind: 'committed', how: 'publish-timeout', txnId: 7, attempts: 1 });
    doris.settled('db1', LABEL);
    expect(doris.witness('db1')).toBeUndefined();
    expect(events.filter(({ kind }) => kind === 'commit')).toEqual([
      { kind: 'commit', label: LABEL, said: 'transaction [7] commit successfully.' },
    ]);
    const puts = [...fe.seen, ...be.seen].filter(({ method }) => method === 'PUT');
    const loads = puts.filter(({ path }) => path.includes('/_stream_load') && !path.includes('_2pc'));
    expect(loads.map(({ headers }) => [headers['label'], headers['two_phase_commit'], headers['group_commit']])).toEqual([
      [LABEL, 'true', 'off_mode'],
      [LABEL, 'true', 'off_mode'],
    ]);
    const commits = puts.filter(({ path }) => path.startsWith('/api/db1/events/_stream_load_2pc'));
    expect(commits.map(({ headers }) => [headers['txn_id'], headers['label'], headers['txn_operation'], headers.authorization])).toEqual([
      ['7', undefined, 'commit', AUTHORIZATION],
      ['7', undefined, 'commit', AUTHORIZATION],
    ]);
  });

  it.each([
    ['Success', { TxnId: 'BIG', TwoPhaseCommit: 'true' }],
    [
      'Label Already Exists',
      {
        Status: 'Label Already Exists',
        ExistingJobStatus: 'PRECOMMITTED',
        Message: `Label [${LABEL}] has already been used, relate to txn [BIG]`,
      },
    ],
  ])("names the label where the transaction of %s is too long for a number: a rounded one is somebody else's", async (_, change) => {
    const { be, doris, within } = await aCluster(
      async (call) => {
        if (call.seen.path.includes('_2pc')) return call.json({ status: 'Success', msg: `label [${LABEL}] commit successfully.` });
        await call.takeBody();
        // The least whole number that a double does not hold; JSON.stringify could not write it.
        return call.response.end(JSON.stringify(report(change)).replace(/"BIG"|BIG/, '9007199254740993'));
      },
      ['VISIBLE'],
      TWO_PHASE,
    );

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({ kind: 'committed', how: 'loaded' });

    const commits = be.seen.filter(({ path }) => path.includes('_2pc'));
    expect(commits.map(({ headers }) => [headers['txn_id'], headers['label']])).toEqual([[undefined, LABEL]]);
  });

  it('is refused when Doris shows the rows at once all the same', async () => {
    const { doris, within } = await aCluster(backendSaying(report()), ['VISIBLE'], TWO_PHASE);

    await expect(doris.load(aLoad(), within(seconds(20)))).rejects.toThrow(ContractViolation);
  });

  it('is a refused configuration that names the setting, where an operator switched it off', async () => {
    const off = failure('[INTERNAL_ERROR]Two phase commit (2PC) for stream load was disabled');
    const { doris, within } = await aCluster(backendSaying(off), ['ABORTED'], TWO_PHASE);

    const outcome = await doris.load(aLoad(), within(seconds(20)));

    expect(outcome).toMatchObject({ kind: 'rejected-config', reason: expect.stringContaining('DORIS_LOAD_MODE') });
  });
});
