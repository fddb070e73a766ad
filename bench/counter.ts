import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** DynamoDB calls that went through, and the capacity units that DynamoDB says they took. */
export interface Counter {
  readonly endpoint: string;
  /** Calls by operation. */
  readonly calls: ReadonlyMap<string, number>;
  units(): number;
  close(): void;
}

/** Stands before DynamoDB, asks it for the units of every call and counts. */
export async function startCounter(target: string): Promise<Counter> {
  const calls = new Map<string, number>();
  let units = 0;
  const listener: RequestListener = (incoming, outgoing) => {
    const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    forward(target, incoming)
      .then(({ status, body }) => {
        units += unitsIn(body);
        outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
      })
      .catch((error: unknown) => outgoing.writeHead(502).end(String(error)));
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    units: () => units,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function forward(target: string, incoming: IncomingMessage): Promise<{ readonly status: number; readonly body: string }> {
  const asked = JSON.parse(await textOf(incoming)) as object;
  const { 'content-length': _length, ...headers } = incoming.headers;
  const call = request(target, { method: 'POST', headers });
  call.end(JSON.stringify({ ...asked, ReturnConsumedCapacity: 'TOTAL' }));
  const [reply] = (await once(call, 'response')) as [IncomingMessage];
  return { status: reply.statusCode ?? 502, body: await textOf(reply) };
}

async function textOf(stream: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of stream.setEncoding('utf8')) text += piece;
  return text;
}

function unitsIn(body: string): number {
  const { ConsumedCapacity } = JSON.parse(body) as { readonly ConsumedCapacity?: { readonly CapacityUnits?: number } };
  return ConsumedCapacity?.CapacityUnits ?? 0;
}
