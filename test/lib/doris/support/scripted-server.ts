import http from 'node:http';
import net from 'node:net';
import { onTestFinished } from 'vitest';

/** What a server saw of one request. `body` is what was read until the reply, a character a byte in `latin1`. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  body: string;
  latin1: string;
}

/** One request under way. */
export interface Call {
  readonly seen: Seen;
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  /** Says 100 and reads the body to its end. */
  takeBody(): Promise<string>;
  /** Reads the body without ever saying 100. */
  takeSilently(): Promise<string>;
  redirect(location: string): void;
  json(value: unknown): void;
}

export type Script = (call: Call, nth: number) => unknown;

export interface ScriptedServer {
  readonly url: URL;
  readonly host: string;
  readonly seen: Seen[];
  /** TCP connections ever taken. */
  connections(): number;
}

/** A server on a free port of 127.0.0.1 that answers as the script says, closed with the test. `nth` counts requests from 1. */
export async function scriptedServer(script: Script, server: http.Server = http.createServer(), scheme = 'http'): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  let connections = 0;
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const entry: Seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: '', latin1: '' };
    seen.push(entry);
    request.on('error', () => {});
    void script(callOf(entry, request, response), seen.length);
  };
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = new URL(`${scheme}://127.0.0.1:${portOf(server)}`);
  onTestFinished(() => closeAll(server, sockets));
  return { url, host: url.host, seen, connections: () => connections };
}

/** A server below HTTP: the script gets each connection. */
export async function rawServer(script: (socket: net.Socket) => void): Promise<ScriptedServer> {
  let connections = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    script(socket);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = new URL(`http://127.0.0.1:${portOf(server)}`);
  onTestFinished(() => closeAll(server, sockets));
  return { url, host: url.host, seen: [], connections: () => connections };
}

/** Ports that the system gives to no server which asks for any, and that nobody asks for. */
const DEAD_PORTS = [1, 2, 3, 4, 5, 6] as const;
let dead = 0;

/** An address at which nobody listens, another one than that of the call before. A port that was just closed may be somebody else's soon. */
export function deadAddress(): URL {
  return new URL(`http://127.0.0.1:${DEAD_PORTS[dead++ % DEAD_PORTS.length]}`);
}

function callOf(seen: Seen, request: http.IncomingMessage, response: http.ServerResponse): Call {
  const takeSilently = async () => {
    for await (const piece of request) {
      seen.body += String(piece);
      seen.latin1 += Buffer.from(piece).toString('latin1');
    }
    return seen.body;
  };
  return {
    seen,
    request,
    response,
    takeSilently,
    takeBody: () => {
      response.writeContinue();
      return takeSilently();
    },
    redirect: (location) => response.writeHead(307, { location, 'content-type': 'text/html;charset=utf-8' }).end(),
    json: (value) => response.writeHead(200).end(`${JSON.stringify(value, null, 4)}\n`),
  };
}

function portOf(server: net.Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('server has no TCP address');
  return address.port;
}

function closeAll(server: net.Server, sockets: ReadonlySet<net.Socket>): Promise<void> {
  return new Promise((closed) => {
    server.close(() => closed());
    for (const socket of sockets) socket.destroy();
  });
}
