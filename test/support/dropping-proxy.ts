import { createServer, request as httpRequest } from 'node:http';
import { pipeline } from 'node:stream';
import { type Endpoint, listenOnLoopback } from '../../local/loopback.ts';

/** A proxy in front of a server that drops headers with an underscore in their names, as nginx does unless it is told not to. */
export function startDroppingProxy(target: string): Promise<Endpoint> {
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/' } = request;
    const { expect: _, ...headers } = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !name.includes('_')));
    const behind = httpRequest(new URL(url, target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response, () => undefined);
    });
    pipeline(request, behind, (error) => {
      if (error) request.socket.destroy();
    });
  });
  return listenOnLoopback(server);
}
