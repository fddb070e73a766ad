import type { Call } from './call.ts';
import type { BackendNode, Cluster } from './cluster.ts';
import { send } from './send.ts';
import { strike } from './strike.ts';

/** Reads a whole body. @returns undefined when the client went away, the body is too large, or a fault has taken over */
export async function receiveBody(cluster: Cluster, backend: BackendNode, call: Call): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Leaving a plain loop would part the request from its socket, which a hanging fault still needs.
    for await (const chunk of call.request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (bytes === 0 && (await struckInBody(cluster, backend, call))) return undefined;
      bytes += chunk.length;
      if (bytes > cluster.behaviour.maxBytes) return await refuseSize(call);
      chunks.push(chunk);
    }
  } catch (error) {
    // Node takes a body that nobody has read yet away with its connection, complete or not.
    if (error !== call.request.errored) throw error;
    return undefined;
  }
  return call.request.complete ? Buffer.concat(chunks) : undefined;
}

/** The part of the body that is still to come never counts: a fault here strikes in its middle. */
async function struckInBody(cluster: Cluster, backend: BackendNode, call: Call): Promise<boolean> {
  const struck = await strike(cluster, call, 'be.body');
  if (struck.kind === 'special') cluster.restartBackend(backend.name);
  return struck.kind !== 'unharmed';
}

/** Only chunked bodies get here; 413 is libevent's own answer (not verified, reference 2.4). */
async function refuseSize(call: Call): Promise<undefined> {
  await send(call, { status: 413, headers: {}, body: '' });
  return undefined;
}
