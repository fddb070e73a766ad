import { describe, expect, it } from 'vitest';
import { millis, seconds } from '../../../lib/units.ts';
import { AUTHORIZATION, aCluster, aLoad, backendSaying, type Cluster, failure } from './support/doris.ts';
import { deadAddress, rawServer, type Script, type ScriptedServer, scriptedServer } from './support/scripted-server.ts';

const refused = (change: Readonly<Record<string, unknown>> = {}) =>
  failure('[DATA_QUALITY_ERROR]too many filtered rows', { TxnId: 18, NumberFilteredRows: 1, ...change });

const refusing = (states: readonly string[], change?: Readonly<Record<string, unknown>>): Promise<Cluster> =>
  aCluster(backendSaying(refused(change)), states, { abortTimeout: seconds(10) });

describe('refused rows', () => {
  it('are blamed once their transaction is seen aborted', async () => {
    const { be, doris, within } = await refusing(['PREPARE', 'UNKNOWN', 'ABORTED']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toEqual({
      kind: 'rejected-data',
      rejection: { reason: '[DATA_QUALITY_ERROR]too many filtered rows', counted: { total: 2, filtered: 1 } },
      txnId: 18,
      attempts: 1,
    });
    expect(be.seen).toHaveLength(1);
  });

  it.each(['VISIBLE', 'COMMITTED'])('are not blamed when their transaction turns out %s after all', async (state) => {
    const { doris, within } = await refusing(['PREPARE', state]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'committed', how: 'already-loaded' });
  });

  it.each(['UNKNOWN', 'PREPARE', 'PRECOMMITTED'])('are not blamed when their transaction stays %s for ten seconds', async (state) => {
    const { be, doris, slept, within } = await refusing([state]);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'unknown', attempts: 1 });
    expect(be.seen).toHaveLength(1);
    expect(slept.reduce((sum, span) => sum + span, 0)).toBeLessThan(10_000);
  });

  it('are not blamed when nobody tells about their transaction', async () => {
    const be = await scriptedServer(backendSaying(refused()));
    const { doris, within } = await aCluster((call) => call.redirect(`${be.url.origin}${call.seen.path}`), ['NONSENSE']);

    expect(await doris.load(aLoad(), within(seconds(60)))).toMatchObject({ kind: 'unknown' });
  });
});

describe('the reason of refused rows', () => {
  const reasonFrom = async (change: Readonly<Record<string, unknown>>) => {
    const { doris, within } = await refusing(['ABORTED'], change);
    const outcome = await doris.load(aLoad(), within(seconds(60)));
    return outcome.kind === 'rejected-data' ? outcome.rejection : outcome;
  };
  const errorLog = async (script: Script): Promise<ScriptedServer> => scriptedServer(script);

  it('is the first error when Doris names it, and no log is read', async () => {
    const log = await errorLog((call) => call.response.end('Reason: other. src line [];'));
    const url = `${log.url.origin}/api/_load_error_log?file=x`;

    expect(await reasonFrom({ FirstErrorMsg: 'column(a) values is null. src line [1 secret]; ', ErrorURL: url })).toEqual({
      reason: 'column(a) values is null',
      errorUrl: url,
      counted: { total: 2, filtered: 1 },
    });
    expect(log.seen).toEqual([]);
  });

  it('is else the first line of the error log, without the row', async () => {
    const log = await errorLog((call) =>
      call.response.end('Reason: column(a) is null. src line [{"a":"secret"}]; \nReason: second. src line []; \n'),
    );

    expect(await reasonFrom({ ErrorURL: `${log.url.origin}/api/_load_error_log?file=x` })).toMatchObject({ reason: 'column(a) is null' });
    expect(log.seen.map(({ method, path, headers }) => [method, path, headers['authorization']])).toEqual([
      ['GET', '/api/_load_error_log?file=x', AUTHORIZATION],
    ]);
  });

  it('loses the password that an error address carries', async () => {
    expect(await reasonFrom({ ErrorURL: 'ftp://loader:secret@be/x' })).not.toHaveProperty('errorUrl');
    const dead = deadAddress();
    expect(await reasonFrom({ ErrorURL: `http://loader:secret@${dead.host}/x` })).toMatchObject({ errorUrl: `${dead.origin}/x` });
  });

  it.each<readonly [string, () => Promise<string>]>([
    ['is unreachable', async () => deadAddress().href],
    ['is no address', async () => 'no address'],
    ['is gone', async () => (await errorLog((call) => call.response.writeHead(404).end('Reason: no'))).url.href],
    ['is empty', async () => (await errorLog((call) => call.response.end())).url.href],
    ['leads elsewhere', async () => (await errorLog((call) => call.redirect('http://127.0.0.1:1/'))).url.href],
    ['resets', async () => (await rawServer((socket) => socket.resetAndDestroy())).url.href],
  ])('is else the message, when the error log %s', async (_, url) => {
    expect(await reasonFrom({ ErrorURL: await url() })).toMatchObject({ reason: '[DATA_QUALITY_ERROR]too many filtered rows' });
  });

  it('is the message when the error log is not told in the time left', async () => {
    const log = await rawServer(() => {});
    const { doris, within } = await refusing(['ABORTED'], { ErrorURL: log.url.href });

    expect(await doris.load(aLoad(), within(millis(1500)))).toMatchObject({
      kind: 'rejected-data',
      rejection: { reason: '[DATA_QUALITY_ERROR]too many filtered rows' },
    });
  });

  it('is found in the first kilobytes of a log without end', async () => {
    let over = false;
    const log = await errorLog((call) => {
      call.response.write('Reason: column(a) is null. src line [x]; \n');
      const flood = () => {
        if (!over) call.response.write('Reason: more. src line [x]; \n'.repeat(1000), () => setImmediate(flood));
      };
      call.response.on('close', () => {
        over = true;
      });
      flood();
    });

    expect(await reasonFrom({ ErrorURL: log.url.href })).toMatchObject({ reason: 'column(a) is null' });
    await expect.poll(() => over).toBe(true);
  });
});
