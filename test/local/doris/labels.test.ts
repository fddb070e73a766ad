import { afterEach, describe, expect, it } from 'vitest';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { ask, type LoadReply, loadAtBackend } from './support/client.ts';
import { backendUrl, createTable, HOUR, rowsIn, startTestDoris, testClock } from './support/doris.ts';

// Reference 4 and 5: what a label means, and for how long.

const ROW = '{"k": 1}\n';
let doris: DorisStandIn;
afterEach(() => doris.close());

function load(label: string, headers: Readonly<Record<string, string>> = {}, body = ROW, table = 'db/t') {
  return loadAtBackend(backendUrl(doris), table, { label, ...headers }, body);
}

async function stateOf(label: string) {
  return (await ask(doris.feUrl, `/api/db/get_load_state?label=${label}`)).data;
}

function expectUsed(reply: LoadReply, status: string, by: number): void {
  expect(reply).toMatchObject({
    TxnId: -1,
    Status: 'Label Already Exists',
    ExistingJobStatus: status,
    Message: `[LABEL_ALREADY_EXISTS]TStatus: errCode = 2, detailMessage = Label [${reply.Label}] has already been used, relate to txn [${by}]`,
    NumberTotalRows: 0,
  });
}

describe('a label', () => {
  it('is good for one load: a second one is refused as FINISHED and stores nothing (3.1)', async () => {
    doris = await startTestDoris();
    const first = await load('a');
    const second = await load('a', {}, '{"k": 2}\n{"k": 3}\n');

    expect(first).toMatchObject({ Status: 'Success', Label: 'a', NumberLoadedRows: 1 });
    expectUsed(second, 'FINISHED', first.TxnId);
    expect(await rowsIn(doris)).toBe(1);
  });

  it('belongs to the database, not to the table (4)', async () => {
    doris = await startTestDoris();
    await createTable(doris, 'other');
    await doris.query('CREATE DATABASE db2');
    await doris.query('CREATE TABLE t (k BIGINT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1', 'db2');
    const first = await load('a');

    expectUsed(await load('a', {}, ROW, 'db/other'), 'FINISHED', first.TxnId);
    expect((await load('a', {}, ROW, 'db2/t')).Status).toBe('Success');
  });

  it('is free again after a failed load (4)', async () => {
    doris = await startTestDoris();
    const failed = await load('a', {}, '{broken\n');
    const aborted = await stateOf('a');
    const second = await load('a');

    expect(failed.Status).toBe('Fail');
    expect(aborted).toBe('ABORTED');
    expect(second).toMatchObject({ Status: 'Success' });
    expect(second.TxnId).toBeGreaterThan(failed.TxnId);
    expect(await stateOf('a')).toBe('VISIBLE');
  });

  it('goes to exactly one of many loads at once; the others hear RUNNING while it runs (4)', async () => {
    doris = await startTestDoris();
    doris.faults.add({ at: 'be.before-commit', times: 1, action: { kind: 'lock-label', becomes: 'VISIBLE' } });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => load('same')));
    const losers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const winner = doris.transactions('db');
    await doris.faults.release();

    expect(winner).toMatchObject([{ label: 'same', state: 'PREPARE' }]);
    expect(losers).toHaveLength(19);
    for (const loser of losers) expectUsed(loser, 'RUNNING', winner[0]?.txnId ?? 0);
    expect(await rowsIn(doris)).toBe(1);
    expect(await stateOf('same')).toBe('VISIBLE');
  });

  it('tells its state at the frontend, UNKNOWN when it was never used (5)', async () => {
    doris = await startTestDoris();
    await load('a');

    expect(await ask(doris.feUrl, '/api/db/get_load_state?label=a')).toEqual({ msg: 'success', code: 0, data: 'VISIBLE', count: 0 });
    expect(await ask(doris.feUrl, '/api/db/get_load_state?label=never')).toEqual({ msg: 'success', code: 0, data: 'UNKNOWN', count: 0 });
    expect(await ask(doris.feUrl, '/api/db/get_load_state')).toMatchObject({ code: 403, data: 'No label selected' });
    expect(await ask(doris.feUrl, '/api/nodb/get_load_state?label=a')).toMatchObject({ code: 1, msg: 'Error' });
  });

  it('is freed by CLEAN LABEL once its transaction has finished (4)', async () => {
    doris = await startTestDoris();
    await load('a');
    await doris.query('CLEAN LABEL a FROM db');

    expect(await stateOf('a')).toBe('UNKNOWN');
    expect((await load('a')).Status).toBe('Success');
  });
});

describe('the memory of labels', () => {
  it('holds the newest finished transactions of a database and forgets at once beyond that, aborted ones included (4)', async () => {
    doris = await startTestDoris({ behaviour: { labelKeepCount: 3 } });
    await load('one');
    await load('two', {}, '{broken\n');
    await load('three');
    const remembered = await stateOf('one');
    await load('four');

    expect(remembered).toBe('VISIBLE');
    expect(await stateOf('one')).toBe('UNKNOWN');
    expect(await stateOf('two')).toBe('ABORTED');
    expect((await load('one')).Status).toBe('Success');
    expect(await rowsIn(doris)).toBe(4);
  });

  it('counts INSERT statements too (4)', async () => {
    doris = await startTestDoris({ behaviour: { labelKeepCount: 2 } });
    await load('one');
    await doris.query("INSERT INTO t (k, v) VALUES (5, 'x')", 'db');
    const remembered = await stateOf('one');
    await doris.query("INSERT INTO t (k, v) VALUES (6, 'x')", 'db');

    expect(remembered).toBe('VISIBLE');
    expect(await stateOf('one')).toBe('UNKNOWN');
  });

  it('keeps the limit for each database on its own (4)', async () => {
    doris = await startTestDoris({ behaviour: { labelKeepCount: 1 } });
    await doris.query('CREATE DATABASE db2');
    await doris.query('CREATE TABLE t (k BIGINT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1', 'db2');
    await load('one');
    await load('two', {}, ROW, 'db2/t');

    expect(await stateOf('one')).toBe('VISIBLE');
  });

  it('ends after twelve hours, counted from the end of the transaction (4)', async () => {
    const clock = testClock();
    doris = await startTestDoris({ clock });
    await load('a');
    clock.advance(12 * HOUR);
    const onTime = await stateOf('a');
    clock.advance(1);

    expect(onTime).toBe('VISIBLE');
    expect(await stateOf('a')).toBe('UNKNOWN');
    expect((await load('a')).Status).toBe('Success');
  });
});

describe('an open transaction', () => {
  it('ends after the timeout of its load, and the load fails when it comes to commit (4)', async () => {
    const clock = testClock();
    doris = await startTestDoris({ clock });
    doris.faults.add({ at: 'be.before-commit', times: 1, action: { kind: 'lock-label', becomes: 'VISIBLE' } });
    await expect(load('a', { timeout: '60' })).rejects.toThrow();
    clock.advance(60_000);
    const onTime = await stateOf('a');
    clock.advance(1);
    const late = await stateOf('a');
    await doris.faults.release();

    expect(onTime).toBe('PREPARE');
    expect(late).toBe('ABORTED');
    expect(doris.transactions('db')).toMatchObject([{ label: 'a', state: 'ABORTED', reason: 'timeout by txn manager' }]);
    expect(await rowsIn(doris)).toBe(0);
    expect((await load('a')).Status).toBe('Success');
  });

  it('holds its label for three days when the load names no timeout (2.2)', async () => {
    const clock = testClock();
    doris = await startTestDoris({ clock });
    doris.faults.add({ at: 'be.before-commit', times: 1, action: { kind: 'lock-label', becomes: 'ABORTED' } });
    await expect(load('a')).rejects.toThrow();
    clock.advance(72 * HOUR);
    const blocked = await load('a');
    clock.advance(1);

    expect(blocked).toMatchObject({ Status: 'Label Already Exists', ExistingJobStatus: 'RUNNING' });
    expect((await load('a')).Status).toBe('Success');
  });

  it('is aborted by _cancel while it is in PREPARE, and only then (5)', async () => {
    doris = await startTestDoris();
    doris.faults.add({ at: 'be.before-commit', times: 1, action: { kind: 'lock-label', becomes: 'VISIBLE' } });
    await expect(load('a')).rejects.toThrow();
    const cancelled = await ask(doris.feUrl, '/api/db/_cancel?label=a', 'POST');
    const again = await ask(doris.feUrl, '/api/db/_cancel?label=a', 'POST');
    const unknown = await ask(doris.feUrl, '/api/db/_cancel?label=b', 'POST');

    expect(cancelled).toMatchObject({ msg: 'success', code: 0 });
    expect(again).toMatchObject({ code: 1, msg: 'Error' });
    expect(unknown).toMatchObject({ code: 1, msg: 'Error' });
    expect(await stateOf('a')).toBe('ABORTED');
  });

  it('counts against the limit of running transactions (3.2)', async () => {
    doris = await startTestDoris({ behaviour: { maxRunningTxns: 1 } });
    await load('open', { two_phase_commit: 'true' });
    const refused = await load('a');

    expect(refused).toMatchObject({
      TxnId: -1,
      Status: 'Fail',
      Message: expect.stringMatching(/current running txns on db \d+ is 1, larger than limit 1$/),
    });
    expect(await stateOf('a')).toBe('UNKNOWN');
  });
});

describe('cloud mode', () => {
  it('loses the job status of a used label (3.1)', async () => {
    doris = await startTestDoris({ behaviour: { cloud: true } });
    const first = await load('a');

    expectUsed(await load('a'), '', first.TxnId);
  });

  it('allows 99 failures of a label and then a success (4)', async () => {
    doris = await startTestDoris({ behaviour: { cloud: true } });
    for (let failures = 0; failures < 99; failures++) await load('a', {}, '{broken\n');

    expect((await load('a')).Status).toBe('Success');
  });

  it('refuses a label that failed 100 times until it is cleaned (4)', async () => {
    doris = await startTestDoris({ behaviour: { cloud: true } });
    for (let failures = 0; failures < 100; failures++) await load('a', {}, '{broken\n');
    const refused = await load('a');
    await doris.query('CLEAN LABEL a FROM db');

    expect(refused).toMatchObject({ TxnId: -1, Status: 'Fail', Message: expect.stringContaining('too many aborted txn for label=a') });
    expect((await load('a')).Status).toBe('Success');
  });

  it('keeps labels for three days and no count (4)', async () => {
    const clock = testClock();
    doris = await startTestDoris({ clock, behaviour: { cloud: true } });
    await load('a');
    clock.advance(72 * HOUR);
    const onTime = await stateOf('a');
    clock.advance(1);

    expect(onTime).toBe('VISIBLE');
    expect(await stateOf('a')).toBe('UNKNOWN');
  });
});
