import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { deadlineIn } from '../../../lib/deadline.ts';
import { seconds } from '../../../lib/units.ts';
import { AUTHORIZATION, aClient, aLoad, backendSaying, type Client, frontendTo, LABEL, report, TWO_ROWS } from './support/doris.ts';
import { type Script, type ScriptedServer, scriptedServer } from './support/scripted-server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function cluster(backend: Script, states?: readonly string[], change?: Parameters<typeof aClient>[1]) {
  const be: ScriptedServer = await scriptedServer(backend);
  const fe: ScriptedServer = await scriptedServer(frontendTo(() => be.url, states));
  const client: Client = aClient([fe.url], change);
  open.push(client.doris, be, fe);
  return { be, fe, ...client };
}

const deadline = () => deadlineIn(seconds(20), systemClock);

describe('a load that Doris takes', () => {
  it('goes to the frontend without its body and to the backend with it', async () => {
    const { fe, be, doris } = await cluster(backendSaying(report()));

    const outcome = await doris.load(aLoad(), deadline());

    expect(outcome).toEqual({ kind: 'committed', how: 'loaded', txnId: 7, attempts: 1 });
    expect(fe.seen.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      { method: 'PUT', path: '/api/db1/events/_stream_load', body: '' },
    ]);
    expect(be.seen.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      { method: 'PUT', path: '/api/db1/events/_stream_load', body: TWO_ROWS },
    ]);
  });

  it('carries every header that labels and strictness rest on, on both hops', async () => {
    const { fe, be, doris } = await cluster(backendSaying(report()));

    await doris.load(aLoad(), deadline());

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
});
