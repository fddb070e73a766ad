import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { AUTH, exchange, type LoadReply, loadAtBackend } from './support/client.ts';
import { backendUrl, createTable, rowsIn, startTestDoris } from './support/doris.ts';

// Reference 2.3: group commit, and how it eats labels.

const ROW = '{"k": 1}\n';
let doris: DorisStandIn;
beforeAll(async () => {
  doris = await startTestDoris();
  await createTable(doris, 'later', ['"group_commit_interval_ms" = "600000"']);
  await createTable(doris, 'grouped', ['"group_commit_mode" = "sync_mode"']);
});
afterAll(() => doris.close());

function load(headers: Readonly<Record<string, string>>, table = 't') {
  return loadAtBackend(backendUrl(doris), `db/${table}`, headers, ROW);
}

/** Without the group_commit header that the other tests send. */
async function loadBare(table: string, headers: Readonly<Record<string, string>>, chunked = false): Promise<LoadReply> {
  const framing = chunked ? { 'Transfer-Encoding': 'chunked' } : {};
  const url = `${backendUrl(doris)}/api/db/${table}/_stream_load`;
  const request = { method: 'PUT', headers: { ...AUTH, format: 'json', ...framing, ...headers }, body: ROW };
  if (!chunked) return JSON.parse((await exchange(url, request)).text);
  const { request: send } = await import('node:http');
  return new Promise((resolve, reject) => {
    const chunkedRequest = send(url, { method: 'PUT', agent: false, headers: request.headers }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve(JSON.parse(Buffer.concat(chunks).toString()));
    });
    chunkedRequest.on('error', reject);
    chunkedRequest.end(ROW);
  });
}

describe('group commit by header', () => {
  it('replies with a label of its own and GroupCommit in place of TwoPhaseCommit, without the two transaction times (3)', async () => {
    const reply = await load({ group_commit: 'sync_mode' });

    expect(reply).toMatchObject({
      Status: 'Success',
      GroupCommit: true,
      Label: expect.stringMatching(/^group_commit_/),
      NumberLoadedRows: 1,
    });
    for (const absent of ['TwoPhaseCommit', 'BeginTxnTimeMs', 'CommitAndPublishTimeMs']) expect(reply).not.toHaveProperty(absent);
  });

  it('refuses a label beside sync or async mode', async () => {
    const reply = await load({ group_commit: 'async_mode', label: 'a' });

    expect(reply).toMatchObject({
      TxnId: -1,
      Status: 'Fail',
      Message: "[INVALID_ARGUMENT]label and group_commit can't be set at the same time",
    });
  });

  it('shows sync rows at once and async rows only after the interval of the table', async () => {
    const before = await rowsIn(doris);
    await load({ group_commit: 'sync_mode' });
    await load({ group_commit: 'async_mode' }, 'later');
    const early = await rowsIn(doris, 'later');
    await doris.faults.release();

    expect(await rowsIn(doris)).toBe(before + 1);
    expect(early).toBe(0);
    expect(await rowsIn(doris, 'later')).toBe(1);
  });

  it.each([
    { two_phase_commit: 'true' },
    { partial_columns: 'true' },
    { unique_key_update_mode: 'UPDATE_FIXED_COLUMNS' },
    { partitions: 't' },
  ])('is silently left out with %j, and the label is kept', async (headers) => {
    const label = `kept-${Object.keys(headers)[0]}`;
    const reply = await load({ group_commit: 'sync_mode', label, ...headers });

    expect(reply.Label).toBe(label);
    expect(reply).not.toHaveProperty('GroupCommit');
  });

  it('is silently left out for an empty body', async () => {
    const reply = await loadAtBackend(backendUrl(doris), 'db/t', { group_commit: 'sync_mode', label: 'nothing' }, '');

    expect(reply).toMatchObject({ Status: 'Success', Label: 'nothing' });
  });

  it('takes the label from a chunked body instead of refusing it', async () => {
    const reply = await loadBare('t', { group_commit: 'sync_mode', label: 'chunked' }, true);

    expect(reply).toMatchObject({ Status: 'Success', GroupCommit: true, Label: expect.stringMatching(/^group_commit_/) });
  });
});

describe('a table whose property turns group commit on', () => {
  it('eats the label of a load that does not say off_mode, so that sending it twice stores it twice', async () => {
    const first = await loadBare('grouped', { label: 'precious' });
    const second = await loadBare('grouped', { label: 'precious' });

    expect(first).toMatchObject({ Status: 'Success', GroupCommit: true, Label: expect.stringMatching(/^group_commit_/) });
    expect(second.Status).toBe('Success');
    expect(await rowsIn(doris, 'grouped')).toBe(2);
  });

  it('is overruled by the header off_mode, which keeps the label', async () => {
    expect(await load({ group_commit: 'off_mode', label: 'kept' }, 'grouped')).toMatchObject({ Status: 'Success', Label: 'kept' });
  });

  it('means nothing in a release that does not know it', async () => {
    const older = await startTestDoris({ behaviour: { groupCommitProperty: false } });
    await createTable(older, 'grouped', ['"group_commit_mode" = "sync_mode"']);
    const url = `${backendUrl(older)}/api/db/grouped/_stream_load`;
    const answer = await exchange(url, { method: 'PUT', headers: { ...AUTH, format: 'json', label: 'kept' }, body: ROW });
    await older.close();

    expect(JSON.parse(answer.text)).toMatchObject({ Status: 'Success', Label: 'kept' });
  });
});

describe('a chunked body', () => {
  it('loses its label in newer releases even without any group_commit header', async () => {
    const reply = await loadBare('t', { label: 'lost' }, true);

    expect(reply.Status).toBe('Success');
    expect(reply.Label).not.toBe('lost');
    expect(doris.transactions('db').some(({ label }) => label === 'lost')).toBe(false);
  });

  it('keeps its label under off_mode', async () => {
    expect(await loadBare('t', { label: 'saved', group_commit: 'off_mode' }, true)).toMatchObject({ Status: 'Success', Label: 'saved' });
  });
});
