import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { inspectDoris } from '../../../lib/doris/inspector.ts';
import type { Label } from '../../../lib/plan/label.ts';
import type { Load } from '../../../lib/ports.ts';
import { bytes, seconds } from '../../../lib/units.ts';
import type { Behaviour } from '../../../local/doris/behaviour.ts';
import { startDoris } from '../../../local/doris/start.ts';
import { aCluster, aLoad, backendSaying, failure, PASSWORD, report, USER } from './support/doris.ts';
import { clientSettings, type Dorises, prepared, startDorises } from './support/dorises.ts';
import type { Call } from './support/scripted-server.ts';

const ROWS = 200;
const KEYS = Array.from({ length: ROWS }, (_, index) => index);
const BODY = Buffer.from(KEYS.map((k) => `{"k":${k},"v":"a"}\n`).join(''));
const MANY = { rows: ROWS, body: [BODY.subarray(0, 1000), BODY.subarray(1000)] };
/** The rows of `BODY`, of which two cannot be stored. */
const WITH_BAD_ROWS = [Buffer.from(BODY.toString().replace('"k":7,', '"k":null,').replace('"k":8,', '"k":"eight",'))];

const UNKNOWN_FORMAT = '[DATA_FILE_TYPE_ERROR]unknown data format, format=json';
/** The words of backends that do not unpack JSON (stream_load.cpp of apache/doris 000bc5ed). */
const NOT_SUPPORTED = '[INTERNAL_ERROR]compress data of JSON format is not supported.';

let dorises: Dorises;
beforeAll(async () => {
  dorises = await startDorises();
});
afterAll(() => dorises.close());

/** A stand-in of that kind, a client that packs, and a load of many rows. */
async function packingInto(packedJson: Behaviour['packedJson']) {
  const doris = await startDoris({ user: USER, password: PASSWORD, behaviour: { packedJson } });
  onTestFinished(() => doris.close());
  await doris.query('CREATE DATABASE db');
  const { load, ...rest } = await prepared(doris, { compression: 'gzip' });
  return { ...rest, doris, load: { ...load, ...MANY }, named: (name: string): Load => ({ ...load, ...MANY, label: name as Label }) };
}

const report200 = (change: Readonly<Record<string, unknown>> = {}) => report({ NumberTotalRows: ROWS, NumberLoadedRows: ROWS, ...change });

async function accept(call: Call): Promise<void> {
  await call.takeBody();
  call.json(report200());
}

describe('a load that is packed', () => {
  it.each(['labelled', 'two-phase'] as const)('is stored by Doris row by row (%s)', async (mode) => {
    const { client, load, keys, deadline } = await prepared(dorises.plain, { compression: 'gzip', mode });

    expect(await client.load({ ...load, ...MANY }, deadline)).toMatchObject({ kind: 'committed', how: 'loaded' });
    expect(await keys()).toEqual(KEYS);
  });

  it('is a third of its rows at most, where their keys are alike', async () => {
    const { client, load, deadline } = await packingInto('unpacked');

    const { attempts, packing } = await client.load(load, deadline);

    expect({ attempts, packing }).toEqual({ attempts: 1, packing: { kind: 'packed', bytes: expect.any(Number) } });
    expect(packing?.kind === 'packed' && packing.bytes).toBeLessThan(BODY.length / 3);
  });

  it('says so, and names the length of what it sends', async () => {
    const { be, doris, within } = await aCluster(backendSaying(report200()), [], { compression: 'gzip' });

    const outcome = await doris.load(aLoad(MANY), within(seconds(20)));

    const [put] = be.seen;
    const sent = Buffer.from(put?.latin1 ?? '', 'latin1');
    expect(put?.headers).toMatchObject({ compress_type: 'gz', format: 'json', 'content-length': String(sent.length) });
    expect(put?.headers).not.toHaveProperty('content-encoding');
    expect(gunzipSync(sent).equals(BODY)).toBe(true);
    expect(outcome.packing).toEqual({ kind: 'packed', bytes: bytes(sent.length) });
  });

  it('goes out with the same bytes under the same label after a lost reply', async () => {
    const { be, doris, within } = await aCluster(
      async (call, nth) => {
        await call.takeBody();
        if (nth === 1) call.request.socket.destroy();
        else call.json(report200());
      },
      ['ABORTED'],
      { compression: 'gzip' },
    );

    expect(await doris.load(aLoad(MANY), within(seconds(20)))).toMatchObject({ kind: 'committed', attempts: 2 });
    expect(be.seen).toHaveLength(2);
    expect(be.seen[1]?.latin1).toBe(be.seen[0]?.latin1);
    expect(be.seen[1]?.headers['label']).toBe(be.seen[0]?.headers['label']);
  });

  it('and that an earlier invocation has stored says nothing of its packing: nothing was sent', async () => {
    const { doris, within } = await aCluster(backendSaying(report200()), ['VISIBLE'], { compression: 'gzip' });

    expect(await doris.load(aLoad({ ...MANY, inDoubt: true }), within(seconds(20)))).toEqual({
      kind: 'committed',
      how: 'already-loaded',
      attempts: 0,
    });
  });
});

describe('a load goes as it is', () => {
  it.each<readonly [string, Partial<Load>, { compression?: 'none' | 'gzip' }]>([
    ['when nothing is set', MANY, {}],
    ['when it must not be packed', { ...MANY, mayPack: false }, { compression: 'gzip' }],
    ['when it would be longer packed', { rows: ROWS }, { compression: 'gzip' }],
  ])('%s', async (_, change, settings) => {
    const { be, doris, within } = await aCluster(backendSaying(report200()), [], settings);
    const load = aLoad(change);

    const outcome = await doris.load(load, within(seconds(20)));

    expect(outcome).not.toHaveProperty('packing');
    expect(be.seen[0]?.headers).not.toHaveProperty('compress_type');
    expect(be.seen[0]?.body).toBe(Buffer.concat(load.body).toString());
  });
});

describe('a Doris that does not unpack', () => {
  it.each([
    ['refused', NOT_SUPPORTED],
    ['read-as-it-is', expect.stringContaining('arse json')],
  ] as const)('gets the same rows unpacked under the same label (%s)', async (packedJson, reason) => {
    const { client, load, keys, deadline } = await packingInto(packedJson);

    expect(await client.load(load, deadline)).toMatchObject({
      kind: 'committed',
      how: 'loaded',
      attempts: 2,
      packing: { kind: 'refused', reason },
    });
    expect(await keys()).toEqual(KEYS);
    expect(await client.labelState('db', load.label, deadline)).toEqual({ kind: 'visible' });
  });

  it.each([UNKNOWN_FORMAT, NOT_SUPPORTED, NOT_SUPPORTED.replace('INTERNAL_ERROR', 'NOT_IMPLEMENTED_ERROR')])(
    'is understood at its first answer, whatever its release calls it: %s',
    async (answer) => {
      const { be, doris, within } = await aCluster(backendSaying(failure(answer, { TxnId: -1 }), report200()), [], { compression: 'gzip' });

      expect(await doris.load(aLoad(MANY), within(seconds(20)))).toEqual({
        kind: 'committed',
        how: 'loaded',
        txnId: 7,
        attempts: 2,
        packing: { kind: 'refused', reason: answer },
      });
      expect(be.seen.map(({ headers }) => headers['compress_type'])).toEqual(['gz', undefined]);
    },
  );

  it('gets nothing packed any more, though bad rows are refused by and by of a load that began before that showed', async () => {
    let release = () => {};
    const goodIsStored = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { be, doris, within } = await aCluster(
      async (call) => {
        const label = call.seen.headers['label'];
        await call.takeBody();
        const bad = failure('[DATA_QUALITY_ERROR]too many filtered rows', { Label: label });
        if (label === 'bad' && call.seen.headers['compress_type'] === undefined) await goodIsStored;
        call.json(label === 'bad' || call.seen.headers['compress_type'] === 'gz' ? bad : report200({ Label: label }));
      },
      ['ABORTED'],
      { compression: 'gzip' },
    );
    const put = (label: string) => doris.load(aLoad({ ...MANY, label: label as Label }), within(seconds(20)));
    const bad = put('bad');
    await put('good');
    release();
    await bad;

    expect(await put('next')).toEqual({ kind: 'committed', how: 'loaded', txnId: 7, attempts: 1 });
    expect(be.seen.at(-1)?.headers).not.toHaveProperty('compress_type');
  });

  it.each(['refused', 'read-as-it-is'] as const)('gets nothing packed any more (%s)', async (packedJson) => {
    const { client, named, deadline } = await packingInto(packedJson);
    await client.load(named('first'), deadline);

    const second = await client.load(named('second'), deadline);

    expect(second).toMatchObject({ kind: 'committed', attempts: 1 });
    expect(second).not.toHaveProperty('packing');
  });

  it.each([
    ['refused', { kind: 'refused', reason: NOT_SUPPORTED }],
    ['read-as-it-is', undefined],
  ] as const)('tells which rows are bad only of the unpacked load (%s)', async (packedJson, packing) => {
    const { client, load, named, keys, deadline } = await packingInto(packedJson);

    const refused = await client.load({ ...load, body: WITH_BAD_ROWS }, deadline);

    expect(refused).toMatchObject({ kind: 'rejected-data', attempts: 2, rejection: { counted: { total: ROWS, filtered: 2 } } });
    expect(refused.packing).toEqual(packing);
    expect(await client.load(named('good'), deadline)).toMatchObject({ kind: 'committed' });
    expect(await keys()).toEqual(KEYS);
  });

  it('gets a load in doubt unpacked, once its label shows that it is not stored', async () => {
    const { be, doris, within } = await aCluster(
      backendSaying(failure(UNKNOWN_FORMAT, { TxnId: -1 }), report200()),
      ['UNKNOWN', 'UNKNOWN', 'UNKNOWN'],
      { compression: 'gzip' },
    );

    const outcome = await doris.load(aLoad({ ...MANY, inDoubt: true }), within(seconds(20)));

    expect(outcome).toMatchObject({
      kind: 'committed',
      attempts: 2,
      packing: { kind: 'refused', reason: expect.stringContaining(UNKNOWN_FORMAT) },
    });
    expect(be.seen[1]?.body).toBe(BODY.toString());
  });

  it.each([400, 403, 415])('gets a load unpacked where something on the way refuses packed bodies: HTTP %d', async (status) => {
    const { be, doris, within } = await aCluster(
      async (call) => {
        await call.takeBody();
        if (call.seen.headers['compress_type'] === 'gz') call.response.writeHead(status).end();
        else call.json(report200());
      },
      ['UNKNOWN'],
      { compression: 'gzip' },
    );

    expect(await doris.load(aLoad(MANY), within(seconds(20)))).toMatchObject({
      kind: 'committed',
      packing: { kind: 'refused', reason: expect.stringContaining(`HTTP ${status}`) },
    });
    expect(be.seen.at(-1)?.body).toBe(BODY.toString());
  });

  it('gets the next load packed where both forms are refused alike', async () => {
    let open = false;
    const { doris, within } = await aCluster((call) => (open ? accept(call) : call.response.writeHead(403).end()), [], {
      compression: 'gzip',
    });

    const refused = await doris.load(aLoad(MANY), within(seconds(20)));
    open = true;

    expect(refused).toMatchObject({ kind: 'rejected-config', reason: 'HTTP 403' });
    expect(refused).not.toHaveProperty('packing');
    expect(await doris.load(aLoad(MANY), within(seconds(20)))).toMatchObject({ kind: 'committed', packing: { kind: 'packed' } });
  });

  it('gets no load unpacked that its label shows as stored', async () => {
    const { be, doris, within } = await aCluster(
      backendSaying(failure(UNKNOWN_FORMAT, { TxnId: -1 }), report200()),
      ['UNKNOWN', 'UNKNOWN', 'VISIBLE'],
      { compression: 'gzip' },
    );

    const outcome = await doris.load(aLoad({ ...MANY, inDoubt: true }), within(seconds(20)));

    expect(outcome).toMatchObject({ kind: 'committed', how: 'already-loaded', attempts: 1 });
    expect(be.seen).toHaveLength(1);
  });

  it('gets no load unpacked whose packed transaction is not seen aborted', async () => {
    const { be, doris, within } = await aCluster(backendSaying(failure('[DATA_QUALITY_ERROR]too many filtered rows')), ['PREPARE'], {
      compression: 'gzip',
    });

    expect(await doris.load(aLoad(MANY), within(seconds(20)))).toMatchObject({ kind: 'unknown', attempts: 1 });
    expect(be.seen).toHaveLength(1);
  });
});

describe('a probe', () => {
  it.each([
    ['unpacked', true],
    ['refused', false],
    ['read-as-it-is', false],
  ] as const)('tells whether Doris unpacks, and stores nothing (%s: %s)', async (packedJson, value) => {
    const { doris, load, keys, deadline } = await packingInto(packedJson);
    const inspector = inspectDoris(clientSettings(doris), systemClock);
    onTestFinished(() => inspector.close());

    expect(await inspector.unpacks(new URL(doris.feUrl), load.target, deadline)).toEqual({ kind: 'told', value });
    expect(await keys()).toEqual([]);
    expect(doris.transactions('db').map(({ state }) => state)).toEqual(packedJson === 'refused' ? [] : ['ABORTED']);
  });

  it('tells nothing where Doris gives up before it has counted a line', async () => {
    const { fe, within } = await aCluster(async (call) => {
      await call.takeBody();
      const Label = call.seen.headers['label'];
      call.json(failure('[DATA_QUALITY_ERROR]Parse json data for JsonDoc failed. code: 3', { Label, NumberTotalRows: 0 }));
    });
    const inspector = inspectDoris({ ...clientSettings(dorises.plain), frontends: [fe.url] }, systemClock);
    onTestFinished(() => inspector.close());

    expect(await inspector.unpacks(fe.url, { database: 'db', table: 'events' }, within(seconds(5)))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('Parse json data for JsonDoc failed'),
    });
  });

  it('tells nothing of a table that is missing', async () => {
    const { doris, deadline } = await packingInto('unpacked');
    const inspector = inspectDoris(clientSettings(doris), systemClock);
    onTestFinished(() => inspector.close());

    expect(await inspector.unpacks(new URL(doris.feUrl), { database: 'db', table: 'nowhere' }, deadline)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('unknown table'),
    });
  });
});

describe('a Doris that unpacks', () => {
  it('refuses bad rows unpacked once more, and gets the next load packed', async () => {
    const { client, load, named, deadline } = await packingInto('unpacked');

    const refused = await client.load({ ...load, body: WITH_BAD_ROWS }, deadline);

    expect(refused).toMatchObject({ kind: 'rejected-data', attempts: 2, rejection: { counted: { total: ROWS, filtered: 2 } } });
    expect(await client.load(named('good'), deadline)).toMatchObject({ kind: 'committed', attempts: 1, packing: { kind: 'packed' } });
  });

  it.each([
    ['the table is missing', failure('[ANALYSIS_ERROR]unknown table, tableName=events', { TxnId: -1 }), 'rejected-config'],
    ['it has no memory', failure('[MEM_LIMIT_EXCEEDED]process memory used exceed limit', { TxnId: -1 }), 'overload'],
  ] as const)('gets nothing unpacked when %s', async (_, answer, kind) => {
    const { be, doris, within } = await aCluster(backendSaying(answer), [], { compression: 'gzip', maxAttempts: 2 });

    expect(await doris.load(aLoad(MANY), within(seconds(20)))).toMatchObject({ kind, packing: { kind: 'packed' } });
    expect(be.seen.every(({ headers }) => headers['compress_type'] === 'gz')).toBe(true);
  });
});
