import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { startFaultyProxy } from '../../../local/chaos/faulty-proxy.ts';
import { listenOnLoopback } from '../../../local/loopback.ts';

/** A service that counts what reaches it, and a proxy in front of it. */
async function proxied(probability: number) {
  const arrived: string[] = [];
  const service = await listenOnLoopback(
    createServer(async (request, response) => {
      arrived.push(await text(request));
      response.writeHead(200, { 'x-service': 'here' }).end(`answer ${arrived.length}`);
    }),
  );
  const proxy = await startFaultyProxy({ target: service.endpoint, seed: 3, probability, throttling: 'TooFast' });
  onTestFinished(async () => {
    await proxy.close();
    await service.close();
  });
  /** What a client sees, and whether the request had its effect. */
  async function ask() {
    const before = arrived.length;
    const answer = await fetch(`${proxy.endpoint}/path?q=1`, { method: 'POST', body: 'payload' }).then(
      async (response) => `${response.status} ${await response.text()}`,
      () => 'reset',
    );
    return { answer, hadEffect: arrived.length > before };
  }
  return { proxy, ask, arrived };
}

it('a proxy without faults passes requests and answers as they are', async () => {
  const { ask, arrived } = await proxied(0);

  expect(await ask()).toEqual({ answer: '200 answer 1', hadEffect: true });
  expect(arrived).toEqual(['payload']);
});

it('a proxy spoils requests before and after their effect, in every way it counts', async () => {
  const { proxy, ask } = await proxied(1);
  const seen = new Set<string>();
  for (let n = 0; n < 60; n++) {
    const { answer, hadEffect } = await ask();
    const error = /local#(\w+)/.exec(answer)?.[1] ?? answer.replace(/\d+$/, 'n');
    seen.add(`${error}, ${hadEffect ? 'done' : 'not done'}`);
  }

  expect([...seen].sort()).toEqual([
    '200 answer n, done',
    'InternalServerError, done',
    'InternalServerError, not done',
    'TooFast, not done',
    'reset, done',
    'reset, not done',
  ]);
  expect([...proxy.struck().values()].reduce((sum, times) => sum + times, 0)).toBe(60);
});

it('a proxy that is calmed passes everything', async () => {
  const { proxy, ask } = await proxied(1);
  proxy.calm();

  expect(await ask()).toEqual({ answer: '200 answer 1', hadEffect: true });
});
