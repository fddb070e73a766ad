import { describe, expect, it } from 'vitest';
import { timeoutSeconds } from '../../../lib/doris/stream-load.ts';
import { ContractViolation } from '../../../lib/errors.ts';
import type { Label } from '../../../lib/plan/label.ts';
import { millis, seconds } from '../../../lib/units.ts';
import { AUTHORIZATION, aClient, aCluster, aLoad, backendSaying, LABEL, PASSWORD, report, TWO_ROWS } from './support/doris.ts';
import { scriptedServer } from './support/scripted-server.ts';

const told = ({ method, path, body }: { method: string; path: string; body: string }) => ({ method, path, body });

describe('a load that Doris takes', () => {
  it('goes to the frontend without its body and to the backend with it', async () => {
    const { fe, be, doris, within } = await aCluster(backendSaying(report()));

    const outcome = await doris.load(aLoad(), within(seconds(20)));

    expect(outcome).toEqual({ kind: 'committed', how: 'loaded', txnId: 7, attempts: 1 });
    expect(fe.seen.map(told)).toEqual([{ method: 'PUT', path: '/api/db1/events/_stream_load', body: '' }]);
    expect(be.seen.map(told)).toEqual([{ method: 'PUT', path: '/api/db1/events/_stream_load', body: TWO_ROWS }]);
  });

  it('carries every header that labels and strictness rest on, on both hops', async () => {
    const { fe, be, doris, within } = await aCluster(backendSaying(report()));

    await doris.load(aLoad(), within(millis(19_900)));

    for (const { headers } of [...fe.seen, ...be.seen]) {
      expect(headers).toMatchObject({
        authorization: AUTHORIZATION,
        expect: '100-continue',
        'content-length': '16',
        'accept-encoding': 'identity',
        label: LABEL,
        format: 'json',
        read_json_by_line: 'true',
        strip_outer_array: 'false',
        strict_mode: 'true',
        max_filter_ratio: '0',
        group_commit: 'off_mode',
        timeout: '19',
      });
      expect(headers).not.toHaveProperty('transfer-encoding');
    }
  });

  it('names the sequence column on both hops when there is one, and only then', async () => {
    const named = await aCluster(backendSaying(report()), [], { sequenceColumn: 'updated_at' });
    const unnamed = await aCluster(backendSaying(report()));

    for (const { doris, within } of [named, unnamed]) await doris.load(aLoad(), within(seconds(20)));

    const sent = ({ fe, be }: typeof named) => [...fe.seen, ...be.seen].map(({ headers }) => headers['function_column.sequence_col']);
    expect(sent(named)).toEqual(['updated_at', 'updated_at']);
    expect(sent(unnamed)).toEqual([undefined, undefined]);
  });

  it('names the time zone on both hops when there is one, and only then', async () => {
    const named = await aCluster(backendSaying(report()), [], { timeZone: 'Europe/Berlin' });
    const unnamed = await aCluster(backendSaying(report()));

    for (const { doris, within } of [named, unnamed]) await doris.load(aLoad(), within(seconds(20)));

    const sent = ({ fe, be }: typeof named) => [...fe.seen, ...be.seen].map(({ headers }) => headers['timezone']);
    expect(sent(named)).toEqual(['Europe/Berlin', 'Europe/Berlin']);
    expect(sent(unnamed)).toEqual([undefined, undefined]);
  });

  it('writes database and table into the path so that no character of them changes it', async () => {
    const { be, doris, within } = await aCluster(backendSaying(report()));

    await doris.load(aLoad({ target: { database: 'd/b?#', table: 'té' } }), within(seconds(20)));

    expect(be.seen[0]?.path).toBe('/api/d%2Fb%3F%23/t%C3%A9/_stream_load');
  });

  it('keeps a path prefix of the frontend', async () => {
    const fe = await scriptedServer(backendSaying(report()));
    const { doris, within } = aClient([new URL('/doris/', fe.url)]);

    await doris.load(aLoad(), within(seconds(20)));

    expect(fe.seen[0]?.path).toBe('/doris/api/db1/events/_stream_load');
  });

  it('gives its body to a backend or proxy that says 100 behind the frontend address', async () => {
    const fe = await scriptedServer(backendSaying(report()));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({ kind: 'committed', how: 'loaded' });
    expect(fe.seen.map((seen) => seen.body)).toEqual([TWO_ROWS]);
  });

  it('gives its body to a backend that never says 100', async () => {
    const { doris, within } = await aCluster(async (call) => {
      await call.takeSilently();
      call.json(report());
    });

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({ kind: 'committed', how: 'loaded' });
  });

  it('keeps 8 MiB intact and uses the connection again for the next load', async () => {
    const line = `{"a":"${'x'.repeat(1015)}"}\n`;
    const body = Array.from({ length: 8192 }, () => Buffer.from(line));
    const { be, doris, within } = await aCluster(backendSaying(report({ NumberLoadedRows: 8192 })));

    const first = await doris.load(aLoad({ rows: 8192, body }), within(seconds(20)));
    const second = await doris.load(aLoad({ rows: 8192, body }), within(seconds(20)));

    expect([first.kind, second.kind]).toEqual(['committed', 'committed']);
    expect(be.seen.map((seen) => seen.body === line.repeat(8192))).toEqual([true, true]);
    expect(be.connections()).toBe(1);
  });

  it('follows a frontend to another one before the backend', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const second = await scriptedServer((call) => call.redirect(`${be.url.origin}${call.seen.path}`));
    const first = await scriptedServer((call) => call.redirect(`${second.url.origin}${call.seen.path}?`));
    const { doris, within } = aClient([first.url]);

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({ kind: 'committed', attempts: 1 });
    expect(be.seen.map((seen) => seen.body)).toEqual([TWO_ROWS]);
  });

  it('follows 308 as it follows 307', async () => {
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer((call) => call.response.writeHead(308, { location: `${be.url.origin}${call.seen.path}` }).end());
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(20)))).toMatchObject({ kind: 'committed', attempts: 1 });
  });

  it('is told to telemetry without rows and secrets', async () => {
    const { be, events, doris, within } = await aCluster(backendSaying(report()));

    await doris.load(aLoad(), within(seconds(20)));

    expect(events).toEqual([
      { kind: 'attempt', label: LABEL, host: be.host, verdict: 'committed', reason: '', took: expect.any(Number), size: 16 },
    ]);
    expect(JSON.stringify(events)).not.toContain(PASSWORD);
  });
});

describe('a success that is none', () => {
  it.each([
    ['another label', { Label: 'other' }, 'label other is echoed'],
    ['group commit', { GroupCommit: true }, 'group commit was applied'],
    ['missing rows', { NumberLoadedRows: 1, NumberFilteredRows: 1 }, '1 of 2 rows are counted as loaded, 1 rows are filtered'],
  ])('because of %s stops the loader, naming label, table and figures', async (_, change, what) => {
    const { doris, within } = await aCluster(backendSaying(report(change)));

    const load = doris.load(aLoad(), within(seconds(20)));

    await expect(load).rejects.toThrow(ContractViolation);
    await expect(load).rejects.toThrow(`label ${LABEL} into db1.events (2 rows), but ${what}`);
  });
});

describe('a label that would break the header', () => {
  it('is never sent', async () => {
    const { fe, doris, within } = await aCluster(backendSaying(report()));

    await expect(doris.load(aLoad({ label: 'a\r\ntwo_phase_commit: true' as Label }), within(seconds(20)))).rejects.toThrow(
      'Invalid character',
    );
    expect(fe.seen).toEqual([]);
  });
});

describe("Doris's timeout for a load", () => {
  it.each([
    [59_999, 120_000, 59],
    [1000, 120_000, 1],
    [1999, 120_000, 1],
    [500_000, 120_000, 120],
  ])('with %i ms left and at most %i ms is %i s', (left, longest, expected) => {
    expect(timeoutSeconds(millis(left), millis(longest))).toBe(expected);
  });
});
