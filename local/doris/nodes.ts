import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { serveBackend } from './backend.ts';
import { type Call, header } from './call.ts';
import type { BackendNode, Cluster } from './cluster.ts';
import type { FaultPlace } from './faults.ts';
import { serveFrontend } from './frontend.ts';
import { internalError } from './frontend-reply.ts';
import type { ListenerOptions } from './listener.ts';
import { targetOf } from './place.ts';
import { send } from './send.ts';

type Handlers = Pick<ListenerOptions, 'onConnection' | 'onRequest'>;
type Serve = (call: Call) => Promise<void>;

/** What the FE's port does. The cluster comes late because it holds the ports. */
export function frontendHandlers(cluster: () => Cluster): Handlers {
  return handlers(cluster, 'fe', (call) => serveFrontend(cluster(), call));
}

/** What a backend's port does. */
export function backendHandlers(cluster: () => Cluster, name: string, backend: () => BackendNode): Handlers {
  return handlers(cluster, name, (call) => serveBackend(cluster(), backend(), call));
}

function handlers(cluster: () => Cluster, node: string, serve: Serve): Handlers {
  return {
    onConnection: (socket) => strikeConnection(cluster(), node, socket),
    onRequest: (request, response, waitsForContinue) => {
      const call = callOf(cluster(), node, request, response, waitsForContinue);
      cluster().pending.track(serve(call).catch((error: unknown) => unexpected(cluster(), call, error)));
    },
  };
}

function strikeConnection(cluster: Cluster, node: string, socket: Socket): void {
  const point = node === 'fe' ? 'fe.connect' : 'be.connect';
  for (const action of cluster.faults.at(point, { node, path: '', database: '', table: '', label: '', attempt: 1 })) {
    if (action.kind === 'reset') socket.resetAndDestroy();
    else socket.destroy();
  }
}

function callOf(cluster: Cluster, node: string, request: IncomingMessage, response: ServerResponse, waitsForContinue: boolean): Call {
  const [rawPath = '', ...queries] = (request.url ?? '').split('?');
  const rawQuery = queries.join('?');
  const query = new URLSearchParams(rawQuery);
  const label = header(request, 'label') ?? query.get('label') ?? '';
  const target = targetOf(rawPath);
  const counted = label !== '' && rawPath.endsWith('/_stream_load');
  const attempt = counted ? cluster.visit(node === 'fe' ? 'fe' : 'be', target.database, label) : 1;
  const place: Omit<FaultPlace, 'point'> = { node, path: rawPath, ...target, label, attempt };
  return { request, response, method: request.method ?? '', rawPath, rawQuery, query, waitsForContinue, place };
}

/** A fault of the stand-in itself, never of the client: said aloud, and answered as Doris answers its own (reference 1.1). */
async function unexpected(cluster: Cluster, call: Call, error: unknown): Promise<void> {
  if (cluster.closing.aborted || call.request.socket.destroyed) return;
  console.error(`Doris stand-in: ${call.method} ${call.rawPath} failed:`, error);
  await send(call, internalError(error instanceof Error ? error.message : String(error)));
}
