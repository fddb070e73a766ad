import { type Call, json } from './call.ts';
import type { BackendNode, Cluster } from './cluster.ts';
import { streamLoad } from './load.ts';
import { send } from './send.ts';
import { strike } from './strike.ts';
import { finishTwoPhase } from './two-phase.ts';

const STREAM_LOAD = /^\/api\/[^/]+\/[^/]+\/_stream_load$/;
const TWO_PHASE = /^\/api\/[^/]+(?:\/[^/]+)?\/_stream_load_2pc$/;

/** Answers one request at a backend's port. */
export async function serveBackend(cluster: Cluster, backend: BackendNode, call: Call): Promise<void> {
  const struck = await strike(cluster, call, 'be.request');
  if (struck.kind === 'special') return cluster.restartBackend(backend.name);
  if (struck.kind === 'answered') return;
  const { method, rawPath } = call;
  if (method === 'PUT' && STREAM_LOAD.test(rawPath)) return streamLoad(cluster, backend, call);
  if (method === 'PUT' && TWO_PHASE.test(rawPath)) return finishTwoPhase(cluster, call);
  if (method === 'GET' && rawPath === '/api/_load_error_log') return errorLog(cluster, call);
  if (method === 'GET' && rawPath === '/api/health') return send(call, json({ status: 'OK', msg: 'To Be Added' }));
  return send(call, { status: 404, headers: { 'Content-Type': 'text/html' }, body: 'Not Found' });
}

/** The text behind ErrorURL; no password needed by default (reference 7). */
function errorLog(cluster: Cluster, call: Call): Promise<void> {
  const text = cluster.errorLogs.read(call.query.get('file') ?? '');
  if (text === undefined) return send(call, { status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'file not exist' });
  return send(call, { status: 200, headers: { 'Content-Type': 'text/plain' }, body: text });
}
