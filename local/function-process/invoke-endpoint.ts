import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Endpoint, listenOnLoopback } from '../loopback.ts';
import type { FunctionHost } from './host.ts';
import { type InvokeResult, largestRequest } from './invoke-result.ts';

type Hosts = Readonly<Record<string, Pick<FunctionHost, 'invoke'>>>;

/** Lambda's own API as far as `Invoke` goes, synchronously, for functions that run on this machine, by their names. */
export function startInvokeEndpoint(functions: Hosts): Promise<Endpoint> {
  return listenOnLoopback(
    createServer((request, response) => {
      answer(functions, request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    }),
  );
}

async function answer(functions: Hosts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const event = await bodyOf(request);
  const [, name = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? [];
  const host = functions[decodeURIComponent(name)];
  if (request.method !== 'POST' || host === undefined)
    return refuse(response, 404, 'ResourceNotFoundException', `Function not found: ${decodeURIComponent(name)}`);
  if (event.length > largestRequest)
    return refuse(
      response,
      413,
      'RequestTooLargeException',
      `Request must be smaller than ${largestRequest} bytes for the InvokeFunction operation`,
    );
  const { failed, payload } = repliedWith(await host.invoke(event.toString() || '{}'));
  response.writeHead(200, { 'content-type': 'application/json', ...(failed ? { 'x-amz-function-error': 'Unhandled' } : {}) }).end(payload);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

function refuse(response: ServerResponse, status: number, type: string, Message: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type })
    .end(JSON.stringify({ Type: 'User', Message }));
}

/** A function that fails is a success of `Invoke`: the header and the payload say what went wrong. */
function repliedWith(result: InvokeResult): { readonly failed: boolean; readonly payload: string } {
  const failure = (error: object) => ({ failed: true, payload: JSON.stringify(error) });
  switch (result.kind) {
    case 'returned':
      return { failed: false, payload: result.payload };
    case 'error':
      return failure({ errorType: result.errorType, errorMessage: result.errorMessage, trace: result.trace });
    case 'timeout':
      return failure({
        errorType: 'Sandbox.Timedout',
        errorMessage: `Task timed out after ${(result.afterMillis / 1000).toFixed(2)} seconds`,
      });
    case 'crashed':
      return failure({ errorType: 'Runtime.ExitError', errorMessage: `Runtime exited with ${result.signal ?? `code ${result.code}`}` });
    default:
      return result satisfies never;
  }
}
