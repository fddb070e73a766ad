import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { startDoris } from '../../../local/doris/start.ts';
import { ask, exchange, loadAtBackend } from './support/client.ts';
import { backendUrl, rowsIn, startTestDoris } from './support/doris.ts';

const ROW = '{"k": 1}\n';
let doris: DorisStandIn;
afterEach(() => doris.close());

function load(label: string, headers: Readonly<Record<string, string>> = {}) {
  return loadAtBackend(backendUrl(doris), 'db/t', { label, ...headers }, ROW);
}

async function stateOf(label: string) {
  return (await ask(doris.feUrl, `/api/db/get_load_state?label=${label}`)).data;
}

describe('many loads at once', () => {
  it('are each stored exactly once', async () => {
    doris = await startTestDoris({ backends: 3 });
    const replies = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        loadAtBackend(backendUrl(doris, n % 3), 'db/t', { label: `many-${n}` }, `{"k": ${n}}\n{"k": ${n}}\n`),
      ),
    );
    const { rows } = await doris.query('SELECT count(*), count(DISTINCT k) FROM t', 'db');

    expect(new Set(replies.map(({ Status }) => Status))).toEqual(new Set(['Success']));
    expect(new Set(replies.map(({ TxnId }) => TxnId)).size).toBe(60);
    expect(rows[0]?.map(Number)).toEqual([120, 60]);
  });
});

describe('a restart', () => {
  it('keeps the ports, the rows and every committed label', async () => {
    doris = await startTestDoris();
    const { feUrl } = doris;
    await load('a');
    await doris.restart();

    expect(doris.feUrl).toBe(feUrl);
    expect(await stateOf('a')).toBe('VISIBLE');
    expect(await load('a')).toMatchObject({ Status: 'Label Already Exists', ExistingJobStatus: 'FINISHED' });
    expect(await rowsIn(doris)).toBe(1);
  });

  it('loses transactions in PREPARE, keeps those PRECOMMITTED, and cuts every connection (4)', async () => {
    doris = await startTestDoris();
    doris.faults.add({ at: 'be.before-commit', when: { label: 'open' }, times: 1, action: { kind: 'lock-label', becomes: 'VISIBLE' } });
    await expect(load('open')).rejects.toThrow();
    await load('half', { two_phase_commit: 'true' });
    const idle = createConnection(Number(new URL(doris.feUrl).port), '127.0.0.1');
    const cut = new Promise((resolve) => idle.on('error', () => undefined).on('close', resolve));
    await new Promise((resolve) => idle.on('connect', resolve));
    await exchange(`${doris.feUrl}/api/health`);
    await doris.restart();
    await cut;
    const states = [await stateOf('open'), await stateOf('half')];
    await doris.faults.release();

    expect(states).toEqual(['UNKNOWN', 'PRECOMMITTED']);
    expect(await rowsIn(doris)).toBe(0);
    expect((await load('open')).Status).toBe('Success');
  });

  it('aborts them in cloud mode (4)', async () => {
    doris = await startTestDoris({ behaviour: { cloud: true } });
    doris.faults.add({ at: 'be.before-commit', times: 1, action: { kind: 'lock-label', becomes: 'VISIBLE' } });
    await expect(load('open')).rejects.toThrow();
    await doris.restart();

    expect(await stateOf('open')).toBe('ABORTED');
  });
});

describe('a stopped node', () => {
  const refused = (url: string) =>
    exchange(`${url}/api/health`).then(
      () => 'answered',
      (error: NodeJS.ErrnoException) => error.code,
    );

  it('refuses connections until it is started again under its old port', async () => {
    doris = await startTestDoris();
    await doris.stop('fe');
    const whileDown = await refused(doris.feUrl);
    await doris.start('fe');

    expect(whileDown).toBe('ECONNREFUSED');
    expect(await refused(doris.feUrl)).toBe('answered');
  });

  it('still gets loads from a frontend that has not noticed', async () => {
    doris = await startTestDoris();
    await doris.stop('be0', { noticed: false });
    const answer = await exchange(`${doris.feUrl}/api/db/t/_stream_load`, {
      method: 'PUT',
      headers: { Authorization: 'Basic cm9vdDo=', Expect: '100-continue' },
    });

    expect(answer.status).toBe(307);
    expect(await refused(backendUrl(doris))).toBe('ECONNREFUSED');
  });

  it('must be one that there is', async () => {
    doris = await startTestDoris();

    await expect(doris.stop('be7')).rejects.toThrow('no such node: be7 - one of fe, be0');
  });
});

describe('closing', () => {
  it('ends hanging requests and publishes what is only waiting to become visible', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'doris-'));
    const file = join(folder, 'rows');
    doris = await startTestDoris({ file });
    doris.faults.add({ at: 'be.after-commit', times: 1, action: { kind: 'publish-timeout' } });
    const late = await load('late');
    doris.faults.add({ at: 'fe.request', action: { kind: 'hang' } });
    const hanging = exchange(`${doris.feUrl}/api/health`).catch((error: NodeJS.ErrnoException) => error.code);
    await expect.poll(() => doris.faults.struck().length).toBe(2);
    await doris.close();
    const hung = await hanging;
    doris = await startDoris({ file });
    const rows = await rowsIn(doris);
    await doris.close();
    await rm(folder, { recursive: true });

    expect(late.Status).toBe('Publish Timeout');
    expect(hung).toBe('ECONNRESET');
    expect(rows).toBe(1);
  });

  it('can be done twice', async () => {
    doris = await startTestDoris();

    await doris.close();
    await doris.close();
  });
});

describe('a stand-in with a file', () => {
  it('remembers rows and labels across starts, and forgets labels by the same rules', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'doris-'));
    const file = join(folder, 'rows');
    doris = await startTestDoris({ file });
    const first = await load('a');
    await load('b', { two_phase_commit: 'true' });
    await doris.close();
    doris = await startDoris({ file });
    const again = await load('a');
    const next = await load('c');
    const states = [await stateOf('a'), await stateOf('b')];
    const rows = await rowsIn(doris);
    await doris.close();
    await rm(folder, { recursive: true });

    expect(again).toMatchObject({ Status: 'Label Already Exists', ExistingJobStatus: 'FINISHED' });
    expect(next.TxnId).toBeGreaterThan(first.TxnId);
    expect(states).toEqual(['VISIBLE', 'UNKNOWN']);
    expect(rows).toBe(2);
  });
});

describe('a port that is taken', () => {
  it('is named in the error', async () => {
    doris = await startTestDoris();
    const fePort = Number(new URL(doris.feUrl).port);

    await expect(startDoris({ fePort })).rejects.toThrow(`cannot listen on 127.0.0.1:${fePort}`);
  });
});
