import type { Cluster } from './cluster.ts';
import type { Load } from './load-header.ts';
import { messageOf } from './refusal.ts';
import { type LoadCounts, type LoadEnd, type LoadTimes, renderLoadReply } from './reply.ts';
import { deliver } from './strike.ts';

/** How a load ended; what is absent is zero or empty. */
export interface Ending {
  readonly load: Load;
  readonly end: LoadEnd;
  readonly counts?: LoadCounts;
  readonly times?: Partial<LoadTimes>;
  readonly errorUrl?: string;
  readonly firstError?: string;
}

const NOTHING: LoadCounts = { total: 0, loaded: 0, filtered: 0, unselected: 0, bytes: 0 };

/** Sends the reply of a load. A refused one's transaction is rolled back before the client hears of it. */
export async function replyToLoad(cluster: Cluster, ending: Ending): Promise<void> {
  const { load, end, counts = NOTHING, times, errorUrl = '', firstError = '' } = ending;
  const { request, txnId, label, comment, group } = load;
  if (end.kind === 'refused') rollBack(cluster, txnId, messageOf(end.refusal));
  const spent = cluster.clock.now() - request.startedAt;
  const zero = { load: spent, begin: load.beginMs, put: load.putMs, read: 0, write: 0, receive: 0, commit: 0 };
  const report = { txnId, label, comment, twoPhase: request.twoPhase, groupCommit: group !== 'off', end, counts, errorUrl, firstError };
  await deliver(cluster, request.call, 'be.reply', renderLoadReply({ ...report, times: { ...zero, ...times } }, cluster.behaviour));
}

/** Aborts what is still in PREPARE: a transaction that committed meanwhile stays (reference 3.1, `Fail`). */
export function rollBack(cluster: Cluster, txnId: number, reason: string): void {
  if (cluster.transactions.get(txnId)?.state === 'PREPARE') cluster.transactions.abort(txnId, reason);
}
