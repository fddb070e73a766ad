import { createServer } from 'node:http';
import type { EventSourceMapping } from '../../lib/doctor/mapping.ts';
import { type Endpoint, listenOnLoopback } from '../../local/loopback.ts';

/** What Lambda's API says of one function and of what feeds it. */
interface DeployedFunction {
  readonly name: string;
  readonly timeoutSeconds: number;
  readonly mappings: readonly EventSourceMapping[];
}

/** Lambda's API as far as one looks at a function: `GetFunctionConfiguration` and `ListEventSourceMappings`, a page of one mapping each. */
export function startLambdaApi({ name, timeoutSeconds, mappings }: DeployedFunction): Promise<Endpoint> {
  return listenOnLoopback(
    createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://lambda');
      const answer = (status: number, body: object, headers = {}) =>
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
      if (url.pathname === `/2015-03-31/functions/${name}/configuration`)
        return answer(200, { FunctionName: name, Timeout: timeoutSeconds, State: 'Active' });
      if (url.pathname.replace(/\/$/, '') === '/2015-03-31/event-source-mappings' && url.searchParams.get('FunctionName') === name) {
        const at = Number(url.searchParams.get('Marker') ?? 0);
        const more = at + 1 < mappings.length ? { NextMarker: String(at + 1) } : {};
        return answer(200, { EventSourceMappings: mappings.slice(at, at + 1), ...more });
      }
      return answer(
        404,
        { Type: 'User', Message: `Function not found: ${url.pathname}` },
        { 'x-amzn-errortype': 'ResourceNotFoundException' },
      );
    }),
  );
}
