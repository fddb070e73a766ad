import { randomUUID } from 'node:crypto';
import type { BackendNode, Cluster } from './cluster.ts';
import { commitRefusal, markCommitted, markPrecommitted, publish } from './commit.ts';
import type { ActionsAt, Anywhere } from './fault-actions.ts';
import type { ReadLoad } from './load-finish.ts';
import { replyToLoad, rollBack } from './load-reply.ts';
import { refusedByFrontend } from './refusal.ts';
import { strike } from './strike.ts';

const DEFAULT_GROUP_COMMIT_INTERVAL_MS = 10_000;

/** Stores what was read: at once, in two phases, or through group commit. */
export async function commitLoad(cluster: Cluster, backend: BackendNode, read: ReadLoad): Promise<void> {
  const { load, result } = read;
  const { call } = load.request;
  // From here a dropped transaction takes its rows with it, whoever drops it.
  if (load.txnId >= 0) cluster.staged.set(load.txnId, result.staged);
  const struck = await strike(cluster, call, 'be.before-commit');
  if (struck.kind === 'special') return faultBeforeCommit(cluster, backend, read, struck.action);
  if (struck.kind === 'answered') {
    // Only a request that hangs keeps its transaction open.
    if (call.request.socket.destroyed || call.response.writableEnded) await discard(cluster, read, 'sender is gone');
    return;
  }
  if (load.group !== 'off') return commitGroup(cluster, read);
  const refusal = commitRefusal(cluster.transactions.get(load.txnId), load.txnId, false);
  if (refusal !== undefined) {
    // Aborted before its rows were known to it, or lost with the FE.
    if (cluster.staged.delete(load.txnId)) await cluster.engine.discard(result.staged);
    return replyToLoad(cluster, { ...read, end: { kind: 'refused', refusal: refusedByFrontend(refusal) } });
  }
  if (!load.request.twoPhase) return commitNow(cluster, read);
  markPrecommitted(cluster, load.txnId, result.staged);
  await replyToLoad(cluster, { ...read, end: { kind: 'success' } });
}

async function commitNow(cluster: Cluster, read: ReadLoad): Promise<void> {
  const { load, result } = read;
  const before = cluster.clock.now();
  markCommitted(cluster, load.txnId, result.staged);
  const struck = await strike(cluster, load.request.call, 'be.after-commit');
  if (struck.kind === 'special') return faultAfterCommit(cluster, read, struck.action);
  await publish(cluster, load.txnId);
  if (struck.kind === 'answered') return;
  const commit = cluster.clock.now() - before;
  await replyToLoad(cluster, { ...read, times: { ...read.times, commit }, end: { kind: 'success' } });
}

/** Group commit has a transaction of its own, which no client label names; async rows show up after the table's interval. */
async function commitGroup(cluster: Cluster, read: ReadLoad): Promise<void> {
  const { load, result } = read;
  const { database, table, call } = load.request;
  const label = `group_commit_${randomUUID().replaceAll('-', '_')}`;
  const coordinator = call.place.node;
  const begun = cluster.transactions.begin({ database, table, label, coordinator, timeoutMs: cluster.behaviour.loadTimeoutMs });
  if (begun.kind !== 'begun') {
    await cluster.engine.discard(result.staged);
    const refusal = refusedByFrontend('begin transaction of group commit failed');
    return replyToLoad(cluster, { ...read, end: { kind: 'refused', refusal } });
  }
  const { txnId } = begun.transaction;
  markCommitted(cluster, txnId, result.staged);
  if (load.group === 'sync') await publish(cluster, txnId);
  else cluster.held.hold(groupInterval(cluster, read), () => publish(cluster, txnId));
  await replyToLoad(cluster, { ...read, load: { ...load, label, txnId }, end: { kind: 'success' } });
}

function groupInterval(cluster: Cluster, { load }: ReadLoad): number {
  const property = cluster.engine.table(load.request.target)?.properties['group_commit_interval_ms'];
  return Number(property ?? DEFAULT_GROUP_COMMIT_INTERVAL_MS);
}

async function discard(cluster: Cluster, { load, result }: ReadLoad, reason: string): Promise<void> {
  if (load.txnId >= 0) rollBack(cluster, load.txnId, reason);
  else await cluster.engine.discard(result.staged);
}

type Before = Exclude<ActionsAt['be.before-commit'], Anywhere>;

async function faultBeforeCommit(cluster: Cluster, backend: BackendNode, read: ReadLoad, fault: Before): Promise<void> {
  const { load } = read;
  switch (fault.kind) {
    case 'fail':
      await discard(cluster, read, fault.message);
      return replyToLoad(cluster, { ...read, end: { kind: 'fail', message: fault.message } });
    case 'restart-backend':
      if (load.txnId < 0) await discard(cluster, read, '');
      return cluster.restartBackend(backend.name);
    case 'lock-label':
      cluster.held.hold(fault.ms, () => unlock(cluster, read, fault.becomes));
      load.request.call.request.socket.resetAndDestroy();
      return;
    default:
      return fault satisfies never;
  }
}

async function unlock(cluster: Cluster, { load, result }: ReadLoad, becomes: 'ABORTED' | 'VISIBLE'): Promise<void> {
  if (becomes === 'ABORTED') return rollBack(cluster, load.txnId, 'timeout by txn manager');
  if (commitRefusal(cluster.transactions.get(load.txnId), load.txnId, false) !== undefined) return;
  markCommitted(cluster, load.txnId, result.staged);
  await publish(cluster, load.txnId);
}

type After = Exclude<ActionsAt['be.after-commit'], Anywhere>;

async function faultAfterCommit(cluster: Cluster, read: ReadLoad, fault: After): Promise<void> {
  const { txnId, label, request } = read.load;
  switch (fault.kind) {
    case 'publish-timeout':
      cluster.held.hold(fault.visibleAfterMs, () => publish(cluster, txnId));
      return replyToLoad(cluster, { ...read, end: { kind: 'publish-timeout' } });
    case 'fail':
      // The commit reached the FE and its answer got lost: the rows are there, and the BE says Fail (reference 3.1).
      await publish(cluster, txnId);
      return replyToLoad(cluster, { ...read, end: { kind: 'fail', message: fault.message } });
    case 'forget-label':
      await publish(cluster, txnId);
      cluster.transactions.forget(request.database, label);
      return replyToLoad(cluster, { ...read, end: { kind: 'success' } });
    default:
      return fault satisfies never;
  }
}
