import http, { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { type Millis, millis } from '../units.ts';
import { blocksOf } from './body.ts';

/** What follows when a server said neither 100 nor anything else for so long: a frontend is given up, a backend gets the body. */
export interface Silence {
  readonly after: Millis;
  readonly reaction: 'give-up' | 'send-body';
}

/** One PUT to one server. */
export interface Hop {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
  readonly connectTimeout: Millis;
  readonly silence: Silence;
  /** Ends everything, whatever the state. */
  readonly signal: AbortSignal;
}

/** How far a request got: whether a server was connected, and whether bytes of the body may have left. */
interface Progress {
  readonly reached: boolean;
  readonly bodyBegun: boolean;
}

/** The reply, its body up to 1 MiB (`cut` beyond it) and only for status 200; or none. */
type Read =
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Uint8Array;
      readonly cut: boolean;
    }
  | { readonly kind: 'lost'; readonly reason: string };

/** What became of a request. */
export type HopEnd = Progress & Read;

/** Connections that are kept. */
export interface LoadAgents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

const LONGEST_REPLY = 1024 * 1024;

/** Sends the headers, the body once the server says 100, and reads the reply. Never throws for what a server does. */
export async function hop(ask: Hop, agents: LoadAgents): Promise<HopEnd> {
  const started = performance.now();
  const first = await flight(ask, agents, true);
  // The server closed an idle connection just as it was used again, or while Lambda had frozen it: says nothing about the server.
  const stale = first.end.kind === 'lost' && first.reused && !first.end.bodyBegun && !ask.signal.aborted;
  // Whoever takes the load over goes by it that no request arrives later than this after its permission.
  const left = millis(ask.connectTimeout - (performance.now() - started));
  return stale && left > 0 ? (await flight({ ...ask, connectTimeout: left }, agents, false)).end : first.end;
}

function flight(ask: Hop, agents: LoadAgents, mayReuse: boolean): Promise<{ readonly end: HopEnd; readonly reused: boolean }> {
  const request = open(ask, agents, mayReuse);
  const progress = { reached: false, bodyBegun: false };
  let continued = false;
  let over = false;
  return new Promise((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    const onAbort = () => lose('no answer before the deadline');
    const finish = (end: HopEnd, keep: boolean) => {
      if (over) return;
      over = true;
      for (const timer of timers) clearTimeout(timer);
      ask.signal.removeEventListener('abort', onAbort);
      if (!keep) discard(request);
      resolve({ end, reused: request.reusedSocket });
    };
    const lose = (reason: string) => finish({ kind: 'lost', reason, ...progress }, false);
    const beginBody = () => {
      if (progress.bodyBegun || request.destroyed) return;
      progress.bodyBegun = true;
      sendBody(request, ask.body);
    };
    const silence = () => (ask.silence.reaction === 'give-up' ? lose(`no answer within ${ask.silence.after} ms`) : beginBody());

    const connecting = setTimeout(() => lose(`no connection within ${ask.connectTimeout} ms`), ask.connectTimeout);
    timers.push(connecting);
    whenConnected(request, () => {
      progress.reached = true;
      clearTimeout(connecting);
      timers.push(setTimeout(silence, ask.silence.after));
    });
    request.on('continue', () => {
      continued = true;
      for (const timer of timers) clearTimeout(timer);
      beginBody();
    });
    request.on('response', (response) =>
      readReply(response, (read) => {
        if (read.kind === 'lost') lose(read.reason);
        else finish({ ...read, ...progress }, continued && request.writableFinished && response.complete);
      }),
    );
    request.on('error', (error) => lose(reasonOf(error)));
    request.on('close', () => lose('connection closed without an answer'));
    if (ask.signal.aborted) onAbort();
    else ask.signal.addEventListener('abort', onAbort);
    request.flushHeaders();
  });
}

function open(ask: Hop, agents: LoadAgents, mayReuse: boolean): ClientRequest {
  const secure = ask.url.protocol === 'https:';
  const kept = secure ? agents.https : agents.http;
  const options = {
    method: 'PUT',
    hostname: ask.url.hostname.replace(/^\[|\]$/g, ''),
    port: ask.url.port,
    path: `${ask.url.pathname}${ask.url.search}`,
    headers: ask.headers,
    agent: mayReuse ? kept : (false as const),
    ...(secure && agents.https.options.ca !== undefined ? { ca: agents.https.options.ca } : {}),
  };
  return secure ? https.request(options) : http.request(options);
}

/** Tells when a request has its connection, TLS included. */
export function whenConnected(request: ClientRequest, connected: () => void): void {
  request.on('socket', (socket) => {
    const event = 'encrypted' in socket ? 'secureConnect' : 'connect';
    if (request.reusedSocket) connected();
    else socket.once(event, connected);
  });
}

/** A body byte in flight after an early reply would be read as the next request (reference 1.5), so the connection goes too. */
function discard(request: ClientRequest): void {
  request.destroy();
  // When the reply has ended, node has handed the connection back already and destroying the request no longer reaches it.
  request.socket?.destroy();
}

/** Writes as fast as the server reads. Stops by itself when the request is destroyed: a destroyed request never drains. */
function sendBody(request: ClientRequest, body: readonly Uint8Array[]): void {
  const blocks = blocksOf(body);
  const pump = () => {
    for (let block = blocks.next(); !request.destroyed; block = blocks.next()) {
      if (block.done) return void request.end();
      if (!request.write(block.value)) return void request.once('drain', pump);
    }
  };
  pump();
}

function readReply(response: IncomingMessage, done: (read: Read) => void): void {
  const status = response.statusCode ?? 0;
  const reply = (body: readonly Uint8Array[], cut: boolean) =>
    done({ kind: 'reply', status, headers: response.headers, body: Buffer.concat(body), cut });
  // Doris says everything it has to say with 200 (reference 1.1, 2.5); other bodies come from whatever stands in between.
  if (status !== 200) {
    reply([], false);
    return;
  }
  const pieces: Buffer[] = [];
  let length = 0;
  response.on('data', (piece: Buffer) => {
    if (length > LONGEST_REPLY) return;
    pieces.push(piece.subarray(0, LONGEST_REPLY - length));
    length += piece.length;
    if (length > LONGEST_REPLY) reply(pieces, true);
  });
  response.on('end', () => reply(pieces, false));
  response.on('error', () => done({ kind: 'lost', reason: 'connection closed in the middle of the reply' }));
}

function reasonOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code ?? error.message;
}
