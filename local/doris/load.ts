import { type Call, hasUnreadBody } from './call.ts';
import type { BackendNode, Cluster } from './cluster.ts';
import type { ActionsAt, Anywhere } from './fault-actions.ts';
import { finishLoad } from './load-finish.ts';
import { type Load, prepareLoad } from './load-header.ts';
import { replyToLoad, rollBack } from './load-reply.ts';
import { type LoadRequest, loadRequestOf } from './load-request.ts';
import { receiveBody } from './receive.ts';
import { fillLocation } from './redirect.ts';
import { send } from './send.ts';
import { strike } from './strike.ts';

/** `PUT /api/{db}/{table}/_stream_load` at a backend, from the first header to the reply (reference 2). */
export async function streamLoad(cluster: Cluster, backend: BackendNode, call: Call): Promise<void> {
  const request = loadRequestOf(call, cluster.clock.now());
  const struck = await strike(cluster, call, 'be.header');
  if (struck.kind === 'special') return headerFault(cluster, backend, request, struck.action);
  if (struck.kind === 'answered') return;
  const prepared = prepareLoad(cluster, request);
  if (prepared.kind === 'refused') {
    const { load, refusal } = prepared;
    return replyToLoad(cluster, { load, end: { kind: 'refused', refusal } });
  }
  await receiveAndFinish(cluster, backend, prepared.load);
}

/** Until the body is complete the load lives and dies with the client's connection; from then on it goes on alone. */
async function receiveAndFinish(cluster: Cluster, backend: BackendNode, load: Load): Promise<void> {
  const { call } = load.request;
  const abort = (): void => rollBack(cluster, load.txnId, '[INTERNAL_ERROR]cancelled: sender is gone');
  const { socket } = call.request;
  socket.once('close', abort);
  const body = (await invite(cluster, call)) ? await receiveBody(cluster, backend, call) : undefined;
  if (body !== undefined) {
    socket.off('close', abort);
    return finishOrAbort(cluster, backend, load, body);
  }
  // A hanging fault leaves the label RUNNING for as long as the client holds on.
  if (socket.destroyed || call.response.writableEnded) abort();
}

/** A fault of the stand-in itself must not leave the label locked for days. */
async function finishOrAbort(cluster: Cluster, backend: BackendNode, load: Load, body: Buffer): Promise<void> {
  try {
    await finishLoad(cluster, backend, load, body);
  } catch (error) {
    rollBack(cluster, load.txnId, '[INTERNAL_ERROR]the stand-in failed');
    throw error;
  }
}

/** Sends `100 Continue` where one is waited for. @returns false when a fault has taken over */
async function invite(cluster: Cluster, call: Call): Promise<boolean> {
  const struck = await strike(cluster, call, 'be.continue');
  if (struck.kind === 'answered') return false;
  if (struck.kind === 'unharmed' && call.waitsForContinue && hasUnreadBody(call)) call.response.writeContinue();
  return true;
}

type HeaderFault = Exclude<ActionsAt['be.header'], Anywhere>;

async function headerFault(cluster: Cluster, backend: BackendNode, request: LoadRequest, fault: HeaderFault): Promise<void> {
  const { call, label } = request;
  switch (fault.kind) {
    case 'fail': {
      const load: Load = { request, label, group: 'off', txnId: -1, comment: '', beginMs: 0, putMs: 0 };
      return replyToLoad(cluster, { load, end: { kind: 'fail', message: fault.message } });
    }
    case 'redirect':
      return send(call, {
        status: fault.status ?? 307,
        headers: { Location: fillLocation(cluster, backend, call, fault.location) },
        body: '',
      });
    case 'restart-backend':
      return cluster.restartBackend(backend.name);
    default:
      return fault satisfies never;
  }
}
