import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { AUTH, ask, exchange, loadAtBackend } from './support/client.ts';
import { backendUrl, HOUR, rowsIn, startTestDoris, type TestClock, testClock } from './support/doris.ts';

// Reference 6: the second phase.

const ROWS = '{"k": 1}\n{"k": 2}\n';
let clock: TestClock;
let doris: DorisStandIn;
beforeEach(async () => {
  clock = testClock();
  doris = await startTestDoris({ clock });
});
afterEach(() => doris.close());

function prepare(label: string) {
  return loadAtBackend(backendUrl(doris), 'db/t', { label, two_phase_commit: 'true' }, ROWS);
}

async function finish(headers: Readonly<Record<string, string>>, path = '/api/db/_stream_load_2pc') {
  const answer = await exchange(`${backendUrl(doris)}${path}`, { method: 'PUT', headers: { ...AUTH, ...headers } });
  expect(answer.status).toBe(200);
  return JSON.parse(answer.text);
}

async function stateOf(label: string) {
  return (await ask(doris.feUrl, `/api/db/get_load_state?label=${label}`)).data;
}

describe('a load in two phases', () => {
  it('succeeds with its rows invisible and its label PRECOMMITTED', async () => {
    const reply = await prepare('a');
    const again = await prepare('a');

    expect(reply).toMatchObject({ Status: 'Success', TwoPhaseCommit: 'true', NumberTotalRows: 2, NumberLoadedRows: 2 });
    expect(await rowsIn(doris)).toBe(0);
    expect(await stateOf('a')).toBe('PRECOMMITTED');
    expect(again).toMatchObject({ TxnId: -1, Status: 'Label Already Exists', ExistingJobStatus: 'PRECOMMITTED' });
    expect(again.Message).toContain(`has already been used, relate to txn [${reply.TxnId}]`);
  });

  it('becomes visible by label, and is refused a second time by id because it is visible', async () => {
    const { TxnId } = await prepare('a');
    const committed = await finish({ label: 'a', txn_operation: 'commit' });
    const again = await finish({ txn_id: String(TxnId), txn_operation: 'commit' });

    expect(committed).toEqual({ status: 'Success', msg: 'label [a] commit successfully.' });
    expect(await rowsIn(doris)).toBe(2);
    expect(again.status).not.toBe('Success');
    expect(again.msg).toContain(`transaction [${TxnId}] is already visible, not pre-committed.`);
    expect(await prepare('a')).toMatchObject({ Status: 'Label Already Exists', ExistingJobStatus: 'FINISHED' });
  });

  it('becomes visible by id, with the table in the path', async () => {
    const { TxnId } = await prepare('a');

    expect(await finish({ txn_id: String(TxnId), txn_operation: 'commit' }, '/api/db/t/_stream_load_2pc')).toEqual({
      status: 'Success',
      msg: `transaction [${TxnId}] commit successfully.`,
    });
    expect(await rowsIn(doris)).toBe(2);
  });

  it('goes away by abort, which frees the label', async () => {
    const { TxnId } = await prepare('a');
    const aborted = await finish({ label: 'a', txn_operation: 'abort' });
    const again = await finish({ txn_id: String(TxnId), txn_operation: 'abort' });
    const late = await finish({ txn_id: String(TxnId), txn_operation: 'commit' });

    expect(aborted).toEqual({ status: 'Success', msg: 'label [a] abort successfully.' });
    expect(again.msg).toContain(`transaction [${TxnId}] is already aborted, abort reason: User Abort`);
    expect(late.msg).toContain(`transaction [${TxnId}] is already aborted. abort reason: User Abort`);
    expect(await rowsIn(doris)).toBe(0);
    expect((await prepare('a')).Status).toBe('Success');
  });

  it('cannot be aborted once it is visible', async () => {
    const { TxnId } = await prepare('a');
    await finish({ label: 'a', txn_operation: 'commit' });

    expect((await finish({ txn_id: String(TxnId), txn_operation: 'abort' })).msg).toContain(
      `transaction [${TxnId}] is already VISIBLE, could not abort.`,
    );
  });

  it('is aborted an hour after it was precommitted, whatever its own timeout', async () => {
    await prepare('a');
    clock.advance(HOUR);
    const onTime = await stateOf('a');
    clock.advance(1);

    expect(onTime).toBe('PRECOMMITTED');
    expect(await stateOf('a')).toBe('ABORTED');
    expect((await finish({ label: 'a', txn_operation: 'commit' })).status).not.toBe('Success');
  });

  it('still finishes when its table is dropped in between, with nothing to show for it', async () => {
    await prepare('a');
    await doris.query('DROP TABLE t', 'db');

    expect((await finish({ label: 'a', txn_operation: 'commit' })).status).toBe('Success');
    expect(await stateOf('a')).toBe('VISIBLE');
  });

  it('is asked for by the lower-case text only (2.1 step 1)', async () => {
    const reply = await loadAtBackend(backendUrl(doris), 'db/t', { two_phase_commit: 'TRUE' }, ROWS);

    expect(reply).toMatchObject({ Status: 'Success', TwoPhaseCommit: 'false' });
    expect(await rowsIn(doris)).toBe(2);
  });

  it('can be aborted while it is still in PREPARE, but not committed', async () => {
    doris.faults.add({ at: 'be.before-commit', times: 1, action: { kind: 'lock-label', becomes: 'VISIBLE' } });
    await expect(prepare('a')).rejects.toThrow();
    const txnId = doris.transactions('db')[0]?.txnId;
    const early = await finish({ txn_id: String(txnId), txn_operation: 'commit' });
    const aborted = await finish({ label: 'a', txn_operation: 'abort' });

    expect(early.msg).toContain(`transaction [${txnId}] is prepare, not pre-committed.`);
    expect(aborted.status).toBe('Success');
  });
});

describe('a wrong second phase', () => {
  it('names what is unknown', async () => {
    expect((await finish({ txn_id: '77', txn_operation: 'commit' })).msg).toContain('transaction [77] not found');
    expect((await finish({ txn_id: '77', txn_operation: 'abort' })).msg).toContain('transaction [77] not found');
    expect((await finish({ label: 'never', txn_operation: 'commit' })).status).not.toBe('Success');
  });

  it('names what it cannot read', async () => {
    expect((await finish({ txn_id: 'x7', txn_operation: 'commit' })).msg).toMatch(/^convert txn_id \[x7\] failed, reason=/);
    expect((await finish({ txn_id: '77', txn_operation: 'undo' })).msg).toBe("transaction operation should be 'commit' or 'abort'");
  });

  it('hears of a missing password in the words of the FE, because the BE drops its own', async () => {
    const answer = await exchange(`${backendUrl(doris)}/api/db/_stream_load_2pc`, {
      method: 'PUT',
      headers: { txn_id: '1', txn_operation: 'commit' },
    });

    expect(JSON.parse(answer.text).msg).toContain('Access denied for user');
  });
});

describe('the second phase at the frontend', () => {
  const atFrontend = async (headers: Readonly<Record<string, string>>) =>
    exchange(`${doris.feUrl}/api/db/_stream_load_2pc`, { method: 'PUT', headers: { ...AUTH, ...headers } });

  it('is redirected to a backend without asking for Expect', async () => {
    const answer = await atFrontend({ label: 'a', txn_operation: 'commit' });

    expect(answer.status).toBe(307);
    expect(answer.headers.location).toBe(`http://root:@${new URL(backendUrl(doris)).host}/api/db/_stream_load_2pc?`);
  });

  it('must name a transaction and an operation', async () => {
    expect(JSON.parse((await atFrontend({ txn_operation: 'commit' })).text)).toEqual({
      status: 'FAILED',
      msg: 'No transaction id or label selected.',
    });
    expect(JSON.parse((await atFrontend({ label: 'a' })).text)).toEqual({
      status: 'FAILED',
      msg: "No transaction operation('commit' or 'abort') selected.",
    });
  });
});

describe('cloud mode', () => {
  it('refuses two phases on a merge-on-write table', async () => {
    const cloud = await startTestDoris({ behaviour: { cloud: true } });
    await cloud.query('CREATE TABLE u (k BIGINT, v INT) UNIQUE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1', 'db');
    const reply = await loadAtBackend(backendUrl(cloud), 'db/u', { two_phase_commit: 'true' }, ROWS);
    await cloud.close();

    expect(reply).toMatchObject({ Status: 'Fail', Message: expect.stringContaining('stream load 2pc is unsupported for mow table') });
  });
});
