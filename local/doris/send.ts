import { gzipSync } from 'node:zlib';
import type { Behaviour } from './behaviour.ts';
import { type Call, hasUnreadBody, type Reply } from './call.ts';

/** How to part from a client that may still be sending its body. */
export type Farewell =
  /** Close at once: what the client sends on meets a reset. */
  | { readonly kind: 'close' }
  /** Read and drop so much, and stop when nothing comes for so long. */
  | { readonly kind: 'drain'; readonly maxBytes: number; readonly idleMs: number };

/** The BE lets a client that did not wait for 100 read its answer before the connection goes (reference 1.5). */
export function backendFarewell({ waitsForContinue }: Call): Farewell {
  return waitsForContinue ? { kind: 'close' } : { kind: 'drain', maxBytes: 64 * 1024 * 1024, idleMs: 500 };
}

/** The FE's way, by its configuration (reference 1.5). */
export function frontendFarewell({ earlyBody, drainMaxBytes, drainIdleMs }: Behaviour): Farewell {
  return earlyBody === 'reset' ? { kind: 'close' } : { kind: 'drain', maxBytes: drainMaxBytes, idleMs: drainIdleMs };
}

/** Sends a whole answer. A connection with an unread body is closed after it, for its bytes would be taken for the next request. */
export async function send(call: Call, reply: Reply, farewell: Farewell = { kind: 'close' }): Promise<void> {
  const { response } = call;
  if (response.destroyed || response.headersSent) return;
  const { headers, body } = encode(call, reply);
  const unread = hasUnreadBody(call);
  const closing = unread ? { Connection: 'close' } : {};
  response.writeHead(reply.status, { ...headers, 'Content-Length': String(body.length), ...closing });
  if (!unread || farewell.kind === 'close') return finish(call, body);
  response.write(body);
  await drain(call, farewell);
  await finish(call, '');
}

/** The BE compresses every answer for a client that says it can read gzip; the FE none (reference 2.5). */
function encode({ request, place }: Call, { headers, body }: Reply): { readonly headers: Reply['headers']; readonly body: Buffer } {
  const bytes = bytesOf(body);
  const compress = place.node !== 'fe' && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  return compress ? { headers: { ...headers, 'Content-Encoding': 'gzip' }, body: gzipSync(bytes) } : { headers, body: bytes };
}

/** A body as bytes. */
export function bytesOf(body: string | Buffer): Buffer {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

/** Ends the answer and resolves when it has been handed to the system, or the client is gone. */
export function finish({ response }: Call, body: Buffer | string): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.once('finish', resolve);
    response.end(body);
  });
}

function drain({ request }: Call, { maxBytes, idleMs }: Extract<Farewell, { kind: 'drain' }>): Promise<void> {
  return new Promise((resolve) => {
    let dropped = 0;
    const idle = setTimeout(resolve, idleMs);
    const stop = (): void => {
      clearTimeout(idle);
      resolve();
    };
    request.on('data', (chunk: Buffer) => {
      dropped += chunk.length;
      idle.refresh();
      if (dropped > maxBytes) stop();
    });
    request.once('end', stop);
    request.once('close', stop);
  });
}
