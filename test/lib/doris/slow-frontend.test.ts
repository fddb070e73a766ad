import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Deadline } from '../../../lib/deadline.ts';
import { epochMillis, millis, seconds } from '../../../lib/units.ts';
import { aClient, aLoad, backendSaying, frontendTo, report, USERINFO } from './support/doris.ts';
import { scriptedServer } from './support/scripted-server.ts';

/** A deadline whose time is what the test says. */
function toldDeadline(first: number): Deadline & { left: number } {
  const deadline = {
    left: first,
    at: epochMillis(0),
    remaining: () => millis(deadline.left),
    before: () => deadline,
  };
  return deadline;
}

async function cluster(afterRedirect: number) {
  const deadline = toldDeadline(60_000);
  const be = await scriptedServer(backendSaying(report()));
  const fe = await scriptedServer((call) => {
    deadline.left = afterRedirect;
    call.redirect(`http://${USERINFO}${be.host}${call.seen.path}?`);
  });
  return { deadline, be, fe, ...aClient([fe.url], { maxAttempts: 1 }) };
}

describe('a frontend that is slow to redirect', () => {
  it('leaves Doris no more time than the loader has left itself', async () => {
    const { deadline, be, fe, doris } = await cluster(2_900);

    expect(await doris.load(aLoad(), deadline)).toMatchObject({ kind: 'committed' });
    expect([fe, be].map(({ seen }) => seen[0]?.headers['timeout'])).toEqual(['60', '2']);
  });

  it('is not followed when too little is left for a load', async () => {
    const { deadline, be, doris } = await cluster(999);

    expect(await doris.load(aLoad(), deadline)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('less than 1 s was left'),
    });
    expect(be.connections()).toBe(0);
  });
});

describe('a frontend that is silent', () => {
  it('leaves the next one enough of a short invocation', async () => {
    const silent = net.createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('server has no TCP address');
    const be = await scriptedServer(backendSaying(report()));
    const fe = await scriptedServer(frontendTo(() => be.url));
    const { doris, within } = aClient([new URL(`http://127.0.0.1:${address.port}`), fe.url], { frontendTimeout: seconds(60) });

    expect(await doris.load(aLoad(), within(seconds(3)))).toMatchObject({ kind: 'committed', attempts: 2 });
  });
});
