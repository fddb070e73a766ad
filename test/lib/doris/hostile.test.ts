import type net from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { millis, seconds } from '../../../lib/units.ts';
import { aClient, aCluster, aLoad, report } from './support/doris.ts';
import { rawServer, scriptedServer } from './support/scripted-server.ts';

/** The label stays untold, and one round is enough to see what a reply means. */
const ONCE = { maxAttempts: 1 } as const;
const SUCCESS = JSON.stringify(report());

/** A backend below HTTP: says 100, waits for the two rows, then does as it likes. */
async function rawBackend(after: (socket: net.Socket) => void) {
  const be = await rawServer((socket) => {
    let received = '';
    socket.on('data', (piece) => {
      const before = received;
      received += String(piece);
      if (!before.includes('\r\n\r\n') && received.includes('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      if (!before.endsWith('{"a":2}\n') && received.endsWith('{"a":2}\n')) after(socket);
    });
  });
  const fe = await scriptedServer((call) => {
    if (call.seen.method === 'PUT') call.redirect(`${be.url.origin}${call.seen.path}`);
    else call.json({ msg: 'success', code: 0, data: 'UNKNOWN', count: 0 });
  });
  return { be, fe, ...aClient([fe.url], ONCE) };
}

const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('a backend that took the body', () => {
  it('and replies byte by byte is understood', async () => {
    const { doris, within } = await rawBackend((socket) => {
      void (async () => {
        for (const byte of ok(SUCCESS)) {
          socket.write(byte);
          await new Promise(setImmediate);
        }
      })();
    });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed', how: 'loaded' });
  });

  it.each<readonly [string, (socket: net.Socket) => void]>([
    ['resets the connection', (socket) => socket.resetAndDestroy()],
    ['closes the connection', (socket) => socket.end()],
    ['closes in the middle of the reply', (socket) => socket.end(ok(SUCCESS).slice(0, -20))],
    ['ends an unframed reply too early', (socket) => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${SUCCESS.slice(0, -20)}`)],
    ['replies with what is not HTTP', (socket) => socket.end('\u0000garbage\r\n\r\n')],
    ['replies with an empty 200', (socket) => socket.end(ok(''))],
    ['replies with a page', (socket) => socket.end(ok('<html>Success</html>'))],
    ['replies with 502', (socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')],
    ['replies with 100 twice and then nothing', (socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n')],
    ['switches protocols', (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')],
    ['breaks its chunks', (socket) => socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${SUCCESS}`)],
  ])('and %s leaves the load unknown', async (_, after) => {
    const { doris, within } = await rawBackend(after);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'unknown', attempts: 1 });
  });

  it('and never ends its headers leaves the load unknown', async () => {
    const { doris, within } = await rawBackend((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const flood = () => {
        if (socket.writable) socket.write(`x-filler: ${'x'.repeat(4096)}\r\n`, () => setImmediate(flood));
      };
      flood();
    });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('HPE_HEADER_OVERFLOW'),
    });
  });

  it('and never ends its reply leaves the load unknown once a megabyte of it has come', async () => {
    let sent = 0;
    const { doris, within } = await rawBackend((socket) => {
      const block = Buffer.alloc(256 * 1024, 0x7b);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n');
      const flood = () => {
        sent += block.length;
        if (socket.writable && sent < 52_428_800) socket.write(block, () => setImmediate(flood));
      };
      flood();
    });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'unknown', reason: 'the reply is longer than 1 MiB' });
    // Socket buffers take some more than was read; the most of it was never sent.
    expect(sent).toBeLessThan(26_214_400);
  });

  it('and replies slower than the time left leaves the load unknown at the deadline', async () => {
    let closed = false;
    const { doris, within } = await rawBackend((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write(' '), 20);
      socket.on('close', () => {
        closed = true;
        clearInterval(drip);
      });
    });

    expect(await doris.load(aLoad(), within(seconds(1.2)))).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('no answer before the deadline'),
    });
    await expect.poll(() => closed).toBe(true);
  });

  it('and packs its reply though identity was asked for is understood', async () => {
    const { doris, within } = await aCluster(async (call) => {
      await call.takeBody();
      call.response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(SUCCESS));
    });

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed' });
  });
});

describe('a backend that says 100 after the body was sent anyway', () => {
  it('gets the body once', async () => {
    let received = '';
    const be = await rawServer((socket) =>
      socket.on('data', (piece) => {
        received += String(piece);
        if (received.endsWith('{"a":2}\n'))
          socket.write(`HTTP/1.1 100 Continue\r\n\r\n`, () => setTimeout(() => socket.write(ok(SUCCESS)), 20));
      }),
    );
    const fe = await scriptedServer((call) => call.redirect(`${be.url.origin}${call.seen.path}`));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed', attempts: 1 });
    expect(received.split('{"a":1}')).toHaveLength(2);
  });
});

describe('a backend that answers before it took the body', () => {
  it('is believed, and its connection is not used again', async () => {
    const { be, doris, within } = await aCluster(
      (call) => call.json({ ...report(), Status: 'Fail', Message: '[E-235]', NumberLoadedRows: 0 }),
      [],
      {
        maxAttempts: 2,
      },
    );

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'overload', attempts: 2 });
    expect(be.connections()).toBe(2);
    expect(be.seen.map((seen) => seen.body)).toEqual(['', '']);
  });

  it('and after bytes of the body had left without a 100 is believed, and its connection is not used again', async () => {
    const be = await rawServer((socket) => socket.on('data', (piece) => String(piece).endsWith('{"a":2}\n') && socket.write(ok(SUCCESS))));
    const fe = await scriptedServer((call) => call.redirect(`${be.url.origin}${call.seen.path}`));
    const { doris, within } = aClient([fe.url]);

    for (let n = 0; n < 2; n += 1) expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed', attempts: 1 });
    expect(be.connections()).toBe(2);
  });

  it('by closing the connection leaves nothing stored', async () => {
    const { doris, within } = await aCluster((call) => call.request.socket.destroy(), [], ONCE);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'unavailable', attempts: 1 });
  });
});

describe('a backend that closed an idle connection', () => {
  it('costs neither an attempt nor a delay', async () => {
    const { be, doris, slept, within } = await aCluster(async (call, nth) => {
      // The second request is the first one again on the kept connection: drop it unread.
      if (nth === 2) {
        call.request.socket.destroy();
        return;
      }
      await call.takeBody();
      call.json(report());
    });

    await doris.load(aLoad(), within(seconds(10)));
    const second = await doris.load(aLoad(), within(seconds(10)));

    expect(second).toMatchObject({ kind: 'committed', attempts: 1 });
    expect([be.seen.length, be.connections(), slept.length]).toEqual([3, 2, 0]);
  });
});

describe('a kept connection that breaks later than a new one may take to be made', () => {
  it('is not replaced, since the permission to start the load may be over', async () => {
    const within = { connectTimeout: millis(500), continueTimeout: seconds(20), maxAttempts: 1 };
    const cluster = await aCluster(
      async (call, nth) => {
        if (nth === 2) {
          setTimeout(() => call.request.socket.destroy(), 600);
          return;
        }
        await call.takeBody();
        call.json(report());
      },
      [],
      within,
    );

    await cluster.doris.load(aLoad(), cluster.within(seconds(30)));
    const second = await cluster.doris.load(aLoad(), cluster.within(seconds(30)));

    expect(second).toMatchObject({ kind: 'unavailable', attempts: 1 });
    expect(cluster.be.seen).toHaveLength(2);
  });
});

describe('a kept connection that breaks over the body', () => {
  it('leads to the label, not straight to another attempt', async () => {
    const { fe, be, doris, within } = await aCluster(
      async (call, nth) => {
        await call.takeBody();
        if (nth === 2) call.request.socket.destroy();
        else call.json(report());
      },
      ['VISIBLE'],
    );

    await doris.load(aLoad(), within(seconds(10)));
    const second = await doris.load(aLoad(), within(seconds(10)));

    expect(second).toEqual({ kind: 'committed', how: 'already-loaded', attempts: 1 });
    expect(be.seen).toHaveLength(2);
    expect(fe.seen.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'GET']);
  });
});

describe('a frontend', () => {
  it('that accepts and never answers is given up for the next one', async () => {
    const silent = await rawServer(() => {});
    const cluster = await aCluster(async (call) => {
      await call.takeBody();
      call.json(report());
    });
    const { doris, within } = aClient([silent.url, cluster.fe.url]);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({ kind: 'committed', attempts: 2 });
  });

  it('that answers drop by drop is given up in the same time', async () => {
    const dripping = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write(' '), 20);
      socket.on('close', () => clearInterval(drip));
    });
    const { doris, within } = aClient([dripping.url], ONCE);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('no answer within 400 ms'),
    });
  });

  it('that is silent until the deadline leaves nothing stored', async () => {
    const silent = await rawServer(() => {});
    const { doris, within } = aClient([silent.url], { frontendTimeout: seconds(60) });

    expect(await doris.load(aLoad(), within(seconds(1.1)))).toMatchObject({ kind: 'unavailable', attempts: 1 });
  });

  it.each<readonly [string, string, string]>([
    ['without Location', '', 'it has no Location'],
    ['with a relative Location', 'Location: /api/db1/events/_stream_load\r\n', 'its Location is relative'],
    ['to another scheme', 'Location: gopher://127.0.0.1/x\r\n', 'neither http:// nor https://'],
  ])('that redirects %s is a refused configuration', async (_, header, reason) => {
    const fe = await rawServer((socket) =>
      socket.on('data', () => socket.end(`HTTP/1.1 307 Temporary Redirect\r\n${header}Content-Length: 0\r\n\r\n`)),
    );
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({
      kind: 'rejected-config',
      reason: expect.stringContaining(reason),
    });
  });

  it('that redirects in a circle is a refused configuration', async () => {
    const first = await scriptedServer((call) => call.redirect(`${second.url.origin}${call.seen.path}`));
    const second = await scriptedServer((call) => call.redirect(`${first.url.origin}${call.seen.path}`));
    const { doris, within } = aClient([first.url]);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({
      kind: 'rejected-config',
      reason: expect.stringContaining('it leads back to'),
    });
    expect([first.seen.length, second.seen.length]).toEqual([1, 1]);
  });

  it('that redirects for ever is left after five', async () => {
    const fe = await scriptedServer((call, nth) => call.redirect(`${fe.url.origin}/hop${nth}/api/db1/events/_stream_load`));
    const { doris, within } = aClient([fe.url]);

    expect(await doris.load(aLoad(), within(seconds(10)))).toMatchObject({
      kind: 'rejected-config',
      reason: expect.stringContaining('more than 5 redirects'),
    });
    expect(fe.seen).toHaveLength(6);
  });

  it('that hides a line break in Location adds no header', async () => {
    const be = await scriptedServer(async (call) => {
      await call.takeBody();
      call.json(report());
    });
    const fe = await scriptedServer((call) => call.redirect(`${be.url.origin}${call.seen.path}?a=%0d%0aX-Evil:%201`));
    const { doris, within } = aClient([fe.url]);

    await doris.load(aLoad(), within(seconds(10)));

    expect(be.seen[0]?.path).toBe('/api/db1/events/_stream_load?a=%0d%0aX-Evil:%201');
    expect(be.seen[0]?.headers).not.toHaveProperty('x-evil');
  });
});
