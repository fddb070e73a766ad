import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type Endpoint, listenOnLoopback } from '../../local/loopback.ts';

/** How a proxy is set up: whether it hands `Expect` on (nginx does where it is told to), and whether it follows redirects itself. */
export interface ProxyHabits {
  readonly keepsExpect: boolean;
  readonly followsRedirects: boolean;
}

/** A proxy as nginx is one: it says 100 itself, and asks the server behind it once it has the whole body. */
export function startBufferingProxy(target: string, habits: ProxyHabits): Promise<Endpoint> {
  const server = createServer();
  const serve = async (request: IncomingMessage, expect: Readonly<Record<string, string>>) => {
    const { expect: _, ...rest } = request.headers;
    const headers = { ...rest, ...(habits.keepsExpect ? expect : {}) };
    const body = await buffer(request);
    const answer = await pass(new URL(request.url ?? '/', target), request.method, headers, body);
    const { location } = answer.headers;
    if (!habits.followsRedirects || location === undefined) return answer;
    return await pass(new URL(location), request.method, headers, body);
  };
  server.on('checkContinue', async (request, response) => {
    response.writeContinue();
    const answer = await serve(request, { expect: '100-continue' });
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  server.on('request', async (request, response) => {
    const answer = await serve(request, {});
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  return listenOnLoopback(server);
}

function pass(url: URL, method = 'GET', headers: IncomingMessage['headers'], body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { host: _, ...rest } = headers;
    const request = httpRequest(withoutUser(url), { method, headers: rest }, resolve);
    request.on('error', reject);
    request.end(body);
  });
}

function withoutUser(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}
