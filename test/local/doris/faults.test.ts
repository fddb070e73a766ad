import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createFaults, type FaultPlace, seededRandom } from '../../../local/doris/faults.ts';
import type { DorisStandIn } from '../../../local/doris/run.ts';
import { AUTH, ask, exchange, LOAD_HEADERS, loadAtBackend, raw } from './support/client.ts';
import { backendUrl, rowsIn, startTestDoris } from './support/doris.ts';

const ROW = '{"k": 1}\n';
const LOAD = '/api/db/t/_stream_load';
let doris: DorisStandIn;
let serial = 0;
beforeAll(async () => {
  doris = await startTestDoris({ backends: 2 });
});
afterEach(async () => {
  doris.faults.clear();
  await doris.faults.release();
  await doris.query('TRUNCATE TABLE t', 'db');
});
afterAll(() => doris.close());

function freshLabel(): string {
  serial += 1;
  return `fault-${serial}`;
}

function load(label: string, body = ROW) {
  return loadAtBackend(backendUrl(doris), 'db/t', { label }, body);
}

function putAtBackend(label: string) {
  return exchange(`${backendUrl(doris)}${LOAD}`, { method: 'PUT', headers: { ...LOAD_HEADERS, label }, body: ROW });
}

function putAtFrontend() {
  return exchange(`${doris.feUrl}${LOAD}`, { method: 'PUT', headers: { ...AUTH, Expect: '100-continue' } });
}

async function stateOf(label: string) {
  return (await ask(doris.feUrl, `/api/db/get_load_state?label=${label}`)).data;
}

function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'answered',
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}

describe('a script of faults', () => {
  const place = { node: 'be0', path: '', database: 'db', table: 't', label: 'a', attempt: 1 } satisfies Omit<FaultPlace, 'point'>;
  const script = () => createFaults(async () => undefined);

  it('strikes only where every condition holds', () => {
    const faults = script();
    faults.add({ at: 'be.reply', when: { label: 'a', attempt: 2 }, action: { kind: 'reset' } });
    faults.add({ at: 'be.reply', when: ({ table }) => table === 'other', action: { kind: 'close' } });

    expect(faults.at('be.reply', place)).toEqual([]);
    expect(faults.at('be.header', { ...place, attempt: 2 })).toEqual([]);
    expect(faults.at('be.reply', { ...place, attempt: 2 })).toEqual([{ kind: 'reset' }]);
    expect(faults.at('be.reply', { ...place, table: 'other' })).toEqual([{ kind: 'close' }]);
  });

  it('strikes as often as it says, and no more after it was taken out', () => {
    const faults = script();
    faults.add({ at: 'be.reply', times: 2, action: { kind: 'reset' } });
    const lift = faults.add({ at: 'be.header', action: { kind: 'hang' } });
    const replies = [1, 2, 3].map(() => faults.at('be.reply', place).length);
    lift();

    expect(replies).toEqual([1, 1, 0]);
    expect(faults.at('be.header', place)).toEqual([]);
    expect(faults.struck().map(({ action }) => action.kind)).toEqual(['reset', 'reset']);
  });

  it('lets delays pass on to what comes after them and stops at the first that decides', () => {
    const faults = script();
    faults.add({ at: 'be.reply', action: { kind: 'delay', ms: 1 } });
    faults.add({ at: 'be.reply', action: { kind: 'hang' } });
    faults.add({ at: 'be.reply', times: 1, action: { kind: 'reset' } });

    expect(faults.at('be.reply', place).map(({ kind }) => kind)).toEqual(['delay', 'hang']);
    faults.clear();
    faults.add({ at: 'be.reply', times: 1, action: { kind: 'reset' } });
    expect(faults.at('be.reply', place)).toEqual([{ kind: 'reset' }]);
  });

  it('draws its chances from the seed alone', () => {
    const pattern = (seed: number): string => {
      const faults = script();
      faults.seed(seed);
      faults.add({ at: 'be.reply', probability: 0.5, action: { kind: 'reset' } });
      return Array.from({ length: 64 }, () => faults.at('be.reply', place).length).join('');
    };

    expect(pattern(7)).toBe(pattern(7));
    expect(pattern(7)).not.toBe(pattern(8));
    expect(pattern(7)).toMatch(/^[01]*1[01]*$/);
    expect(pattern(7)).toContain('0');
    const random = seededRandom(1);
    const draws = Array.from({ length: 1000 }, random);
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  });

  it('counts the visits of a label to the backends, so that a fault can strike the second attempt', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.header', when: { label, attempt: 2 }, action: { kind: 'respond', status: 503 } });
    const statuses = [];
    for (let attempt = 1; attempt <= 3; attempt++) statuses.push((await putAtBackend(label)).status);

    expect(statuses).toEqual([200, 503, 200]);
  });
});

describe('a node that answers nonsense', () => {
  it.each([
    ['429', 429, '', {}],
    ['a 502 page of HTML', 502, '<html><body>Bad Gateway</body></html>', { 'Content-Type': 'text/html' }],
    ['an empty 200', 200, '', {}],
    ['garbled JSON', 200, '{"Status": "Succ', {}],
  ])('gives %s in place of a load reply, before anything was stored', async (_what, status, body, headers) => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.header', times: 1, action: { kind: 'respond', status, body, headers } });
    const answer = await putAtBackend(label);

    expect(answer).toMatchObject({ status, text: body, continued: false });
    expect(await stateOf(label)).toBe('UNKNOWN');
  });

  it('gives it after the load was stored, too', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'respond', status: 502, body: 'gone' } });
    const answer = await putAtBackend(label);

    expect(answer).toMatchObject({ status: 502, text: 'gone', continued: true });
    expect(await stateOf(label)).toBe('VISIBLE');
    expect(await rowsIn(doris)).toBe(1);
  });

  it('does so at the frontend as well', async () => {
    doris.faults.add({ at: 'fe.request', times: 1, action: { kind: 'respond', status: 503, body: 'busy' } });

    expect(await putAtFrontend()).toMatchObject({ status: 503, text: 'busy' });
    expect((await putAtFrontend()).status).toBe(307);
  });

  it('sends megabytes that mean nothing', async () => {
    doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'garbage', bytes: 3 * 1024 * 1024 + 17 } });
    const response = await fetch(`${backendUrl(doris)}${LOAD}`, {
      method: 'PUT',
      headers: { ...LOAD_HEADERS, label: freshLabel() },
      body: ROW,
    });
    const bytes = (await response.arrayBuffer()).byteLength;

    expect(bytes).toBe(3 * 1024 * 1024 + 17);
  });

  it('cuts its JSON short and admits it, or promises the rest and cuts the connection', async () => {
    doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'truncate', bytes: 10, honest: true } });
    const honest = await putAtBackend(freshLabel());
    doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'truncate', bytes: 10, honest: false } });
    const broken = await codeOf(putAtBackend(freshLabel()));

    expect(honest.text).toHaveLength(10);
    expect(broken).toBe('ECONNRESET');
  });

  it('trickles the true answer', async () => {
    doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'trickle', everyMs: 1, bytes: 50 } });

    expect(JSON.parse((await putAtBackend(freshLabel())).text)).toMatchObject({ Status: 'Success' });
  });

  it('alters the fields it is told to', async () => {
    const label = freshLabel();
    doris.faults.add({
      at: 'be.reply',
      times: 1,
      action: { kind: 'alter', fields: { Label: 'someone-else', NumberLoadedRows: 7, NumberFilteredRows: 1, Comment: null } },
    });
    const reply = await load(label);

    expect(reply).toMatchObject({ Status: 'Success', Label: 'someone-else', NumberLoadedRows: 7, NumberFilteredRows: 1 });
    expect(reply).not.toHaveProperty('Comment');
  });

  it('fails to tell a label its state', async () => {
    doris.faults.add({
      at: 'fe.load-state',
      times: 1,
      action: { kind: 'respond', status: 200, body: '{"msg":"Error","code":1,"data":"Not suppoted","count":0}' },
    });

    expect(await ask(doris.feUrl, '/api/db/get_load_state?label=a')).toEqual({ msg: 'Error', code: 1, data: 'Not suppoted', count: 0 });
  });
});

describe('a connection that breaks', () => {
  it('at once, at either node', async () => {
    doris.faults.add({ at: 'fe.connect', times: 1, action: { kind: 'reset' } });
    doris.faults.add({ at: 'be.connect', times: 1, action: { kind: 'reset' } });

    expect(await codeOf(putAtFrontend())).toBe('ECONNRESET');
    expect(await codeOf(putAtBackend(freshLabel()))).toBe('ECONNRESET');
  });

  it('before the commit: the label is free and nothing is stored', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.before-commit', times: 1, action: { kind: 'reset' } });

    expect(await codeOf(load(label))).toBe('ECONNRESET');
    expect(await stateOf(label)).toBe('ABORTED');
    expect((await load(label)).Status).toBe('Success');
    expect(await rowsIn(doris)).toBe(1);
  });

  it('after the commit: the label is used and the rows are there', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.after-commit', times: 1, action: { kind: 'reset' } });

    expect(await codeOf(load(label))).toBe('ECONNRESET');
    expect(await load(label)).toMatchObject({ Status: 'Label Already Exists', ExistingJobStatus: 'FINISHED' });
    await expect.poll(() => stateOf(label)).toBe('VISIBLE');
    expect(await rowsIn(doris)).toBe(1);
  });

  it('with the reply: the same', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'close' } });

    expect(await codeOf(load(label))).toBe('ECONNRESET');
    expect(await stateOf(label)).toBe('VISIBLE');
  });

  it('in the middle of a body, because the backend restarts: its transactions abort', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.body', times: 1, action: { kind: 'restart-backend' } });

    expect(await codeOf(load(label, ROW.repeat(200_000)))).toMatch(/ECONNRESET|EPIPE/);
    expect(doris.transactions('db').find((transaction) => transaction.label === label)).toMatchObject({
      state: 'ABORTED',
      reason: 'coordinate BE is down',
    });
    expect((await load(label)).Status).toBe('Success');
  });

  it('in the middle of a body, because the client leaves: the load is rolled back', async () => {
    const label = freshLabel();
    const request = httpRequest(`${backendUrl(doris)}${LOAD}`, {
      method: 'PUT',
      agent: false,
      headers: { ...LOAD_HEADERS, label, 'Content-Length': '1000', Expect: '100-continue' },
    });
    request.flushHeaders();
    await once(request, 'continue');
    const open = await stateOf(label);
    request.write(ROW);
    request.on('error', () => undefined);
    request.destroy();

    expect(open).toBe('PREPARE');
    await expect.poll(() => stateOf(label)).toBe('ABORTED');
    expect(await rowsIn(doris)).toBe(0);
  });
});

describe('a client that leaves while the backend is busy with its headers', () => {
  /** Sends the head and this much of the body at once, and leaves. */
  async function sendAndLeave(label: string, body: string, length: number): Promise<void> {
    const { port, hostname } = new URL(backendUrl(doris));
    const headers = Object.entries({ ...LOAD_HEADERS, label, 'Content-Length': String(length), Expect: '100-continue' });
    const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) => socket.write(`PUT ${LOAD} HTTP/1.1\r\nHost: be\r\n${head}\r\n${body}`, () => resolve()));
    await expect.poll(() => doris.faults.struck().some(({ place }) => place.label === label)).toBe(true);
    socket.destroy();
  }

  it.each(['be.header', 'be.continue'] as const)(
    'has its load stored when the body was complete, which is read before the end of the connection: %s',
    async (at) => {
      const label = freshLabel();
      doris.faults.add({ at, times: 1, action: { kind: 'delay', ms: 300 } });
      await sendAndLeave(label, ROW, ROW.length);

      await expect.poll(() => stateOf(label)).toBe('VISIBLE');
      expect(await rowsIn(doris)).toBe(1);
    },
  );

  it.each(['be.header', 'be.continue'] as const)('has its load rolled back when some of the body was missing: %s', async (at) => {
    const label = freshLabel();
    doris.faults.add({ at, times: 1, action: { kind: 'delay', ms: 300 } });
    await sendAndLeave(label, ROW, ROW.length + 1);

    await expect.poll(() => stateOf(label)).toBe('ABORTED');
    expect(await rowsIn(doris)).toBe(0);
  });
});

describe('a node that hangs', () => {
  it('never answers and keeps the label RUNNING for as long as the client waits', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.continue', times: 1, action: { kind: 'hang' } });
    const request = httpRequest(`${backendUrl(doris)}${LOAD}`, {
      method: 'PUT',
      agent: false,
      headers: { ...LOAD_HEADERS, label, 'Content-Length': '9', Expect: '100-continue' },
    });
    request.on('error', () => undefined);
    request.flushHeaders();
    await expect.poll(() => stateOf(label)).toBe('PREPARE');
    const meanwhile = await load(label);
    request.destroy();

    expect(meanwhile).toMatchObject({ Status: 'Label Already Exists', ExistingJobStatus: 'RUNNING' });
    await expect.poll(() => stateOf(label)).toBe('ABORTED');
  });

  it('stops reading in the middle of a body without cutting the connection', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.body', times: 1, action: { kind: 'hang' } });
    const request = httpRequest(`${backendUrl(doris)}${LOAD}`, {
      method: 'PUT',
      agent: false,
      headers: { ...LOAD_HEADERS, label, 'Content-Length': '1000' },
    });
    let cut = false;
    request.on('error', () => {
      cut = true;
    });
    request.write(ROW);
    await expect.poll(() => doris.faults.struck().some(({ place }) => place.label === label)).toBe(true);
    const meanwhile = [await stateOf(label), (await load(label)).ExistingJobStatus, cut];
    request.destroy();

    expect(meanwhile).toEqual(['PREPARE', 'RUNNING', false]);
    await expect.poll(() => stateOf(label)).toBe('ABORTED');
  });

  it('never says 100 Continue but takes the body of who sends it anyway', async () => {
    doris.faults.add({ at: 'be.continue', times: 1, action: { kind: 'skip-continue' } });
    const label = freshLabel();
    const head = [
      `PUT ${LOAD} HTTP/1.1`,
      'Host: be',
      `Authorization: ${AUTH.Authorization}`,
      'format: json',
      'group_commit: off_mode',
      `label: ${label}`,
    ];
    const text = await raw(
      backendUrl(doris),
      [...head, `Content-Length: ${ROW.length}`, 'Expect: 100-continue', 'Connection: close', '', ROW].join('\r\n'),
    );

    expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(text).toContain('"Status": "Success"');
  });
});

describe('a load that Doris reports wrongly or late', () => {
  it('fails with any message without storing anything', async () => {
    const label = freshLabel();
    const message = '[E-235]failed to init rowset builder. version count: 2001, exceed limit: 2000';
    doris.faults.add({ at: 'be.before-commit', times: 1, action: { kind: 'fail', message } });

    expect(await load(label)).toMatchObject({ Status: 'Fail', Message: message, NumberLoadedRows: 0, NumberTotalRows: 1 });
    expect(await stateOf(label)).toBe('ABORTED');
    expect(await rowsIn(doris)).toBe(0);
  });

  it('fails before the transaction began', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.header', times: 1, action: { kind: 'fail', message: '[THRIFT_RPC_ERROR]failed to call frontend service' } });

    expect(await load(label)).toMatchObject({
      TxnId: -1,
      Label: label,
      Status: 'Fail',
      Message: '[THRIFT_RPC_ERROR]failed to call frontend service',
    });
    expect(await stateOf(label)).toBe('UNKNOWN');
  });

  it('says Fail although the commit went through (3.1)', async () => {
    const label = freshLabel();
    doris.faults.add({
      at: 'be.after-commit',
      times: 1,
      action: { kind: 'fail', message: '[THRIFT_RPC_ERROR]failed to call frontend service' },
    });

    expect(await load(label)).toMatchObject({ Status: 'Fail' });
    expect(await stateOf(label)).toBe('VISIBLE');
    expect(await rowsIn(doris)).toBe(1);
  });

  it('says Publish Timeout: committed, and visible only later (3.1)', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.after-commit', times: 1, action: { kind: 'publish-timeout' } });
    const reply = await load(label);
    const [state, rows, again] = [await stateOf(label), await rowsIn(doris), await load(label)];
    await doris.faults.release();

    expect(reply).toMatchObject({ Status: 'Publish Timeout', NumberTotalRows: 1, NumberLoadedRows: 1, NumberFilteredRows: 0 });
    expect(reply.Message).toContain('PUBLISH_TIMEOUT');
    expect(reply.Message).toContain('transaction commit successfully, BUT data will be visible later');
    expect([state, rows]).toEqual(['COMMITTED', 0]);
    expect(again).toMatchObject({ Status: 'Label Already Exists', ExistingJobStatus: 'FINISHED' });
    expect(await stateOf(label)).toBe('VISIBLE');
    expect(await rowsIn(doris)).toBe(1);
  });

  it('keeps a label RUNNING after its client has gone, and ends either way', async () => {
    const [lost, won] = [freshLabel(), freshLabel()];
    doris.faults.add({ at: 'be.before-commit', when: { label: lost }, times: 1, action: { kind: 'lock-label', becomes: 'ABORTED' } });
    doris.faults.add({ at: 'be.before-commit', when: { label: won }, times: 1, action: { kind: 'lock-label', becomes: 'VISIBLE' } });
    await codeOf(load(lost));
    await codeOf(load(won));
    const open = [await load(lost), await load(won)];
    await doris.faults.release();

    expect(open.map(({ ExistingJobStatus }) => ExistingJobStatus)).toEqual(['RUNNING', 'RUNNING']);
    expect([await stateOf(lost), await stateOf(won)]).toEqual(['ABORTED', 'VISIBLE']);
    expect(await rowsIn(doris)).toBe(1);
  });

  it('ends a locked label by itself when it was given a time', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.before-commit', times: 1, action: { kind: 'lock-label', ms: 20, becomes: 'VISIBLE' } });
    await codeOf(load(label));

    await expect.poll(() => stateOf(label)).toBe('VISIBLE');
    expect(await rowsIn(doris)).toBe(1);
  });

  it('forgets a label whose rows are stored, so that a repeat stores them twice (4)', async () => {
    const label = freshLabel();
    doris.faults.add({ at: 'be.after-commit', times: 1, action: { kind: 'forget-label' } });
    const first = await load(label);

    expect(first.Status).toBe('Success');
    expect(await stateOf(label)).toBe('UNKNOWN');
    expect((await load(label)).Status).toBe('Success');
    expect(await rowsIn(doris)).toBe(2);
  });
});

describe('a redirect that leads astray', () => {
  it.each([
    ['to a foreign host', 'https://evil.example:8040{path}', 'https://evil.example:8040/api/db/t/_stream_load'],
    ['to a relative place', '{path}', '/api/db/t/_stream_load'],
    ['without a port', 'http://{be-host}{path}', 'http://127.0.0.1/api/db/t/_stream_load'],
  ])('%s', async (_what, location, expected) => {
    doris.faults.add({ at: 'fe.redirect', times: 1, action: { kind: 'redirect', location } });

    expect((await putAtFrontend()).headers.location).toBe(expected);
  });

  it('in a circle between backend and frontend', async () => {
    doris.faults.add({ at: 'fe.redirect', times: 1, action: { kind: 'redirect', location: '{fe}{path}', status: 308 } });
    doris.faults.add({ at: 'be.header', times: 1, action: { kind: 'redirect', location: '{fe}{path}' } });
    const [first, second] = [await putAtFrontend(), await putAtBackend(freshLabel())];

    expect([first.status, first.headers.location]).toEqual([308, `${doris.feUrl}${LOAD}`]);
    expect([second.status, second.headers.location, second.continued]).toEqual([307, `${doris.feUrl}${LOAD}`, false]);
  });

  it('or does not come, because no backend is there', async () => {
    doris.faults.add({ at: 'fe.redirect', times: 1, action: { kind: 'no-backend' } });

    expect(JSON.parse((await putAtFrontend()).text)).toMatchObject({
      status: 'FAILED',
      msg: expect.stringContaining('No backend load available.'),
    });
  });
});
