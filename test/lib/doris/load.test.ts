import { describe, expect, it } from 'vitest';
import type { LoadOutcome, Memory } from '../../../lib/ports.ts';
import { seconds } from '../../../lib/units.ts';
import { aClient, aCluster, aLoad, backendSaying, failure, frontendTo, LABEL, report, TWO_ROWS } from './support/doris.ts';
import { type Call, deadAddress, type Script, scriptedServer } from './support/scripted-server.ts';

const puts = (seen: readonly { readonly method: string }[]) => seen.filter(({ method }) => method === 'PUT').length;

/** Takes the body and drops the connection instead of replying, the first `times`; then reports success. */
function losing(times: number): Script {
  return async (call: Call, nth: number) => {
    await call.takeBody();
    if (nth <= times) call.request.socket.destroy();
    else call.json(report());
  };
}

describe('a lost reply', () => {
  it.each(['VISIBLE', 'COMMITTED'])('of a load whose label turns out %s is a commit, and nothing is put again', async (state) => {
    const { be, doris, within } = await aCluster(losing(1), [state]);

    expect(await doris.load(aLoad(), within(seconds(20)))).toEqual({ kind: 'committed', how: 'already-loaded', attempts: 1 });
    expect(be.seen).toHaveLength(1);
  });

  it('of a load that is still open is asked for until the transaction ends', async () => {
    const { be, doris, slept, within } = await aCluster(losing(1), ['PREPARE', 'PREPARE', 'PREPARE', 'VISIBLE']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'committed', how: 'already-loaded' });
    expect(be.seen).toHaveLength(1);
    expect(slept).toEqual([199, 399, 799]);
  });

  it('of a load that stays open to the deadline is running', async () => {
    const { be, doris, within } = await aCluster(losing(1), ['PREPARE']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'running', attempts: 1 });
    expect(be.seen).toHaveLength(1);
  });

  it('of a load that waits for a commit since another mode put it is committed at once', async () => {
    const { slept, doris, within } = await aCluster(losing(1), ['PRECOMMITTED', 'VISIBLE']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'committed', how: 'loaded', attempts: 1 });
    expect(slept).toEqual([]);
  });

  it.each(['ABORTED', 'UNKNOWN'])('of a load whose label is %s puts the same bytes under the same label again', async (state) => {
    const { be, doris, within } = await aCluster(losing(1), [state]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toEqual({ kind: 'committed', how: 'loaded', txnId: 7, attempts: 2 });
    expect(be.seen.map(({ headers, body }) => [headers['label'], body])).toEqual([
      [LABEL, TWO_ROWS],
      [LABEL, TWO_ROWS],
    ]);
  });

  it('asks Doris for the label before sending the load again', async () => {
    const { fe, doris, within } = await aCluster(losing(1), ['ABORTED']);

    await doris.load(aLoad(), within(seconds(60)));

    expect(fe.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'PUT /api/db1/events/_stream_load',
      `GET /api/db1/get_load_state?label=${LABEL}`,
      'PUT /api/db1/events/_stream_load',
    ]);
  });

  it('with every reply lost and the label unknown stays unknown', async () => {
    const { be, doris, within } = await aCluster(losing(9), ['UNKNOWN']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'unknown', attempts: 5 });
    expect(be.seen).toHaveLength(5);
  });

  it('with every transaction seen aborted is unavailable: nothing is stored', async () => {
    const { doris, within } = await aCluster(losing(9), ['ABORTED']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({
      kind: 'unavailable',
      attempts: 5,
      reason: expect.stringContaining('aborted'),
    });
  });

  it.each([
    ['overload', failure('[E-235]too many versions')],
    ['rejected-config', failure('[ANALYSIS_ERROR]TStatus: errCode = 2, detailMessage = Unknown column a')],
    ['unavailable', { status: 'FAILED', msg: 'No backend load available.' }],
  ])('is not forgotten over a later %s', async (_, later) => {
    const { doris, within } = await aCluster(
      async (call, nth) => {
        await call.takeBody();
        if (nth === 1) call.request.socket.destroy();
        else call.json(later);
      },
      ['UNKNOWN'],
    );

    expect(await doris.load(aLoad(), within(seconds(600)))).toMatchObject({ kind: 'unknown' });
  });

  it('is not forgotten over a later refused connection', async () => {
    const dead = deadAddress();
    const be = await scriptedServer(losing(9));
    let backend = be.url;
    const fe = await scriptedServer((call, nth) => {
      frontendTo(() => backend, ['UNKNOWN'])(call, nth);
      if (call.seen.method === 'PUT') backend = dead;
    });
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'unknown' });
  });
});

describe('a reply lost by what stands at the frontend address', () => {
  it('leads to the label before any other frontend gets the load', async () => {
    const proxy = await scriptedServer(losing(1));
    const fe = await scriptedServer(frontendTo(() => proxy.url, ['VISIBLE']));
    const { doris, within } = aClient([proxy.url, fe.url], { frontendTimeout: seconds(2) });

    expect(await doris.load(aLoad(), within(seconds(60)))).toEqual({ kind: 'committed', how: 'already-loaded', attempts: 1 });
    expect([puts(proxy.seen), puts(fe.seen)]).toEqual([1, 0]);
  });
});

describe('an ambiguous Fail', () => {
  it('is a commit when the label turns out visible', async () => {
    const { be, doris, within } = await aCluster(backendSaying(failure('[THRIFT_RPC_ERROR]failed to call frontend service')), ['VISIBLE']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'committed', how: 'already-loaded' });
    expect(be.seen).toHaveLength(1);
  });
});

describe('an existing label', () => {
  const exists = (job: string) =>
    failure('Label [l] has already been used, relate to txn [41]', { Status: 'Label Already Exists', ExistingJobStatus: job });

  it('of a finished load is a commit', async () => {
    const { doris, within } = await aCluster(backendSaying(exists('FINISHED')));

    expect(await doris.load(aLoad(), within(seconds(60)))).toEqual({ kind: 'committed', how: 'already-loaded', txnId: 41, attempts: 1 });
  });

  it('of a running load is waited for', async () => {
    const { be, doris, within } = await aCluster(backendSaying(exists('RUNNING')), ['PREPARE', 'VISIBLE']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'committed', how: 'already-loaded' });
    expect(be.seen).toHaveLength(1);
  });

  it('of a running load that is aborted in the end is loaded', async () => {
    const { doris, within } = await aCluster(backendSaying(exists('RUNNING'), report()), ['PREPARE', 'ABORTED']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'committed', how: 'loaded', attempts: 2 });
  });

  it('that never ends is running', async () => {
    const { doris, within } = await aCluster(backendSaying(exists('RUNNING')), ['PREPARE']);

    expect(await doris.load(aLoad(), within(seconds(30)))).toMatchObject({ kind: 'running' });
  });

  it('whose state cloud mode does not tell is decided by the label', async () => {
    const { doris, within } = await aCluster(backendSaying(exists('')), ['COMMITTED']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'committed', how: 'already-loaded' });
  });
});

describe('an outage', () => {
  it('with every frontend refusing is unavailable without an attempt', async () => {
    const { doris, events, within } = aClient([deadAddress(), deadAddress()]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({
      kind: 'unavailable',
      attempts: 0,
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    expect(events.filter(({ kind }) => kind === 'attempt')).toHaveLength(10);
  });

  it('of one frontend costs no delay when another one answers, and that one is asked first from then on', async () => {
    const dead = deadAddress();
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer(frontendTo(() => be.url));
    const { doris, events, slept, within } = aClient([dead, fe.url]);

    await doris.load(aLoad(), within(seconds(60)));
    await doris.load(aLoad(), within(seconds(60)));

    expect(slept).toEqual([]);
    expect(events.map((event) => event.kind === 'attempt' && event.host)).toEqual([dead.host, be.host, be.host]);
  });

  it('of every backend is waited out while the frontend says so', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer((call, nth) => {
      if (nth < 3) call.json({ status: 'FAILED', msg: 'No backend load available.' });
      else call.redirect(`${be.url.origin}${call.seen.path}`);
    });
    const { doris, slept, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'committed', attempts: 3 });
    expect(slept).toEqual([249, 499]);
  });

  it('of the backend that was named is unavailable: no byte of the body left', async () => {
    const dead = deadAddress();
    const fe = await scriptedServer(frontendTo(() => dead));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'unavailable', attempts: 5 });
    expect(puts(fe.seen)).toBe(5);
  });

  it('of the backend that every frontend names costs one attempt a round', async () => {
    const dead = deadAddress();
    const one = await scriptedServer(frontendTo(() => dead));
    const two = await scriptedServer(frontendTo(() => dead));
    const { doris, within } = aClient([one.url, two.url]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'unavailable', attempts: 5 });
    expect([puts(one.seen), puts(two.seen)]).toEqual([3, 2]);
  });

  it('behind a proxy that answers 503 is unavailable', async () => {
    const fe = await scriptedServer((call) => call.response.writeHead(503).end('<html>'));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'unavailable', reason: 'HTTP 503' });
  });

  it('leaves a load alone when less than a second is left', async () => {
    const { fe, doris, within } = await aCluster(backendSaying(report()));

    expect(await doris.load(aLoad(), within(seconds(0.9)))).toEqual({
      kind: 'unavailable',
      reason: 'less than 1 s was left to start a load',
      attempts: 0,
    });
    expect(fe.seen).toEqual([]);
  });
});

describe('pressure', () => {
  it('is waited out longer than an outage', async () => {
    const { doris, slept, within } = await aCluster(backendSaying(failure('[E-235]too many versions'), report()));

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'committed', attempts: 2 });
    expect(slept).toEqual([1999]);
  });

  it('that lasts is overload after as many rounds as are allowed', async () => {
    const { be, doris, within } = await aCluster(backendSaying(failure('[MEM_LIMIT_EXCEEDED]no memory')), ['ABORTED'], { maxAttempts: 3 });

    expect(await doris.load(aLoad(), within(seconds(600)))).toEqual({
      kind: 'overload',
      reason: '[MEM_LIMIT_EXCEEDED]no memory',
      attempts: 3,
    });
    expect(be.seen).toHaveLength(3);
  });

  it('ends the call early when the next wait would leave no second for a load', async () => {
    const { be, doris, slept, within } = await aCluster(backendSaying(failure('[E-235]too many versions')), ['ABORTED']);

    expect(await doris.load(aLoad(), within(seconds(4)))).toMatchObject({ kind: 'overload', attempts: 2 });
    expect(be.seen).toHaveLength(2);
    expect(slept).toEqual([1999]);
  });

  it('is not waited out at all when the wait itself would fit, but no load after it', async () => {
    const { doris, slept, within } = await aCluster(backendSaying(failure('[E-235]too many versions')), ['ABORTED']);

    expect(await doris.load(aLoad(), within(seconds(2.5)))).toMatchObject({ kind: 'overload', attempts: 1 });
    expect(slept).toEqual([]);
  });
});

describe('a refusal that comes after the rows', () => {
  const refusals: [string, Script][] = [
    ['a Fail about the table', backendSaying(failure('[ANALYSIS_ERROR]unknown table'))],
    ['a Fail about an option', backendSaying(failure('[INVALID_ARGUMENT]x'))],
    ['a Fail about pressure', backendSaying(failure('[E-235]too many versions'))],
    ["a frontend's words", backendSaying({ msg: 'Unauthorized', code: 401, data: 'Access denied', count: 0 })],
    ...[302, 400, 403, 404, 413, 429].map((status): [string, Script] => [
      `HTTP ${status}`,
      async (call) => {
        await call.takeBody();
        call.response.writeHead(status).end();
      },
    ]),
  ];

  it.each(refusals)('%s: is a commit when the label is VISIBLE', async (_, backend) => {
    const { be, doris, within } = await aCluster(backend, ['VISIBLE']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toEqual({ kind: 'committed', how: 'already-loaded', attempts: 1 });
    expect(be.seen).toHaveLength(1);
  });

  it('proves that nothing is stored when it says that no transaction was begun', async () => {
    const backend = backendSaying({ ...failure('current running txns on db 1 is 100, larger than limit 100'), TxnId: -1 });
    const { doris, within } = await aCluster(backend, ['UNKNOWN'], { maxAttempts: 1 });

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'overload', attempts: 1 });
  });

  it.each(refusals)('%s: proves nothing while the label is not known', async (_, backend) => {
    const { doris, within } = await aCluster(backend, ['UNKNOWN'], { maxAttempts: 1 });

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'unknown', attempts: 1 });
  });
});

describe('a load that an earlier invocation left in doubt', () => {
  it.each(['VISIBLE', 'COMMITTED'])('is not put when its label is %s', async (state) => {
    const { be, doris, within } = await aCluster(backendSaying(report()), [state]);

    expect(await doris.load(aLoad({ inDoubt: true }), within(seconds(60)))).toEqual({
      kind: 'committed',
      how: 'already-loaded',
      attempts: 0,
    });
    expect(be.seen).toEqual([]);
  });

  it('is put when its label is ABORTED, without asking whether Doris forgets', async () => {
    const { doris, within } = await aCluster(backendSaying(report()), ['ABORTED']);
    const load = aLoad({ inDoubt: true, wouldBeKnown: () => Promise.reject(new Error('asked')) });

    expect(await doris.load(load, within(seconds(60)))).toMatchObject({ kind: 'committed', how: 'loaded', attempts: 1 });
  });

  it.each<[Memory, LoadOutcome['kind'], number]>([
    ['young', 'committed', 1],
    ['certain', 'committed', 1],
    ['doubtful', 'unverifiable', 0],
    ['untold', 'unknown', 0],
  ])('whose label is not known and memory is %s comes to %s', async (memory, kind, attempts) => {
    const { be, doris, within } = await aCluster(backendSaying(report()), ['UNKNOWN']);

    expect(await doris.load(aLoad({ inDoubt: true, wouldBeKnown: async () => memory }), within(seconds(60)))).toMatchObject({
      kind,
      attempts,
    });
    expect(be.seen).toHaveLength(attempts);
  });

  it.each<Memory>(['certain', 'doubtful'])(
    'is not put while nobody tells its label and memory is %s: Doris may forget it meanwhile',
    async (memory) => {
      const be = await scriptedServer(backendSaying(report()));
      const fe = await scriptedServer((call) => call.response.writeHead(503).end());
      const { doris, within } = aClient([fe.url]);

      expect(await doris.load(aLoad({ inDoubt: true, wouldBeKnown: async () => memory }), within(seconds(60)))).toMatchObject({
        kind: 'unknown',
        attempts: 0,
      });
      expect(be.seen).toEqual([]);
    },
  );

  it.each<[string, string, 'number' | 'undefined']>([
    ['says when Doris was asked that does not know its label', 'UNKNOWN', 'number'],
    ['says of no such moment when nobody tells its label', 'no state', 'undefined'],
  ])('%s', async (_, state, type) => {
    const { doris, within } = await aCluster(backendSaying(report()), [state]);
    const moments: string[] = [];
    const wouldBeKnown = async (asked?: number): Promise<Memory> => {
      moments.push(typeof asked);
      return 'doubtful';
    };

    await doris.load(aLoad({ inDoubt: true, wouldBeKnown }), within(seconds(60)));

    expect(moments).toEqual([type]);
  });

  it('is not put again under a label that Doris may have forgotten since the first attempt', async () => {
    const { be, doris, within } = await aCluster(losing(1), ['UNKNOWN']);

    expect(await doris.load(aLoad({ wouldBeKnown: async () => 'doubtful' }), within(seconds(60)))).toMatchObject({
      kind: 'unverifiable',
      attempts: 1,
    });
    expect(be.seen).toHaveLength(1);
  });
});

describe('a refused configuration', () => {
  it.each([
    ['the password', { msg: 'Unauthorized', code: 401, data: 'Access denied', count: 0 }],
    ['the missing Expect', { status: 'FAILED', msg: 'There is no 100-continue header' }],
  ])('because of %s is told at once', async (_, answer) => {
    const fe = await scriptedServer((call) => call.json(answer));
    const other = await scriptedServer((call) => call.json(answer));
    const { doris, slept, within } = aClient([fe.url, other.url]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'rejected-config', attempts: 1 });
    expect([puts(fe.seen), puts(other.seen), slept.length]).toEqual([1, 0, 0]);
  });
});
