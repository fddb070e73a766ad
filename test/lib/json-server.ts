import { once } from 'node:events';
import http from 'node:http';

/** One call of an AWS JSON protocol: the operation after the dot of `X-Amz-Target`, and the body. */
export interface AwsCall {
  readonly operation: string;
  readonly input: unknown;
}

/** What to answer: HTTP 200 with JSON, or an error as the JSON protocols spell it. */
export type AwsAnswer = { readonly output: unknown } | { readonly status: number; readonly error: string; readonly message?: string };

export interface JsonServer {
  readonly endpoint: string;
  readonly calls: AwsCall[];
  close(): Promise<void>;
}

/** A service on a free port of 127.0.0.1 that answers as the script says. `nth` counts calls from 1. */
export async function jsonServer(script: (call: AwsCall, nth: number) => AwsAnswer): Promise<JsonServer> {
  const calls: AwsCall[] = [];
  const server = http.createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const [, operation = ''] = String(request.headers['x-amz-target']).split('.');
      const call = { operation, input: JSON.parse(Buffer.concat(pieces).toString()) as unknown };
      calls.push(call);
      const answer = script(call, calls.length);
      const isError = 'error' in answer;
      response.writeHead(isError ? answer.status : 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(isError ? { __type: answer.error, message: answer.message ?? '' } : answer.output));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('server has no TCP address');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
