import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { InputError } from '../input-error.ts';

/** Key and certificate, PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** One port of the stand-in, which can be stopped and started again under the same number. */
export interface Listener {
  /** Without a slash at the end. */
  url(): string;
  port(): number;
  /** Starts listening. Does nothing when it already does. */
  start(): Promise<void>;
  /** Stops listening and cuts every connection: new ones are refused. Does nothing when it is stopped. */
  stop(): Promise<void>;
  dropConnections(): void;
}

export interface ListenerOptions {
  /** 0 lets the system choose at the first start. */
  readonly port: number;
  readonly tls?: Tls;
  /** Accept framing that HTTP forbids, so that the stand-in can refuse it in Doris's words. */
  readonly lenient: boolean;
  readonly onConnection: (socket: Socket) => void;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, waitsForContinue: boolean) => void;
}

const MAX_HEADER_BYTES = 256 * 1024;
const HOST = '127.0.0.1';

/** Makes a stopped listener on 127.0.0.1. */
export function createListener(options: ListenerOptions): Listener {
  const sockets = new Set<Socket>();
  let wantedPort = options.port;
  let server: ReturnType<typeof createServer> | undefined;

  function track(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that vanishes is an ordinary event here; its request ends through its own events.
    socket.on('error', () => undefined);
    options.onConnection(socket);
  }

  const dropConnections = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };

  return {
    url: () => `${options.tls ? 'https' : 'http'}://${HOST}:${wantedPort}`,
    port: () => wantedPort,
    async start() {
      if (server !== undefined) return;
      const started = newServer(options);
      server = started;
      started.on('connection', track);
      try {
        await new Promise<void>((resolve, reject) => {
          started.once('error', reject);
          started.listen(wantedPort, HOST, resolve);
        });
      } catch (error) {
        server = undefined;
        throw new InputError(`cannot listen on ${HOST}:${wantedPort}: ${(error as Error).message} - choose another port`, { cause: error });
      }
      wantedPort = (started.address() as AddressInfo).port;
    },
    async stop() {
      const stopped = server;
      if (stopped === undefined) return;
      server = undefined;
      const closed = new Promise<void>((resolve) => stopped.close(() => resolve()));
      dropConnections();
      await closed;
    },
    dropConnections,
  };
}

function newServer({ tls, lenient, onRequest }: ListenerOptions): ReturnType<typeof createServer> {
  // requestTimeout 0: a slow body is the client's affair, as it is on a BE.
  const settings = { insecureHTTPParser: lenient, maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 0, keepAliveTimeout: 60_000 };
  const server = tls ? createTlsServer({ ...settings, ...tls }) : createServer(settings);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => onRequest(request, response, false));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => onRequest(request, response, true));
  // Any other Expect: the FE only looks whether there is one (reference 1.1 row 6).
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => onRequest(request, response, false));
  return server;
}
