import type { Cluster } from './cluster.ts';
import type { StagedRows } from './engine.ts';
import type { Transaction } from './transaction.ts';

/** Why the FE refuses to commit, or undefined (reference 6). `twoPhase`: the client asks, so only PRECOMMITTED will do. */
export function commitRefusal(transaction: Transaction | undefined, txnId: number | string, twoPhase: boolean): string | undefined {
  const name = `transaction [${txnId}]`;
  if (transaction === undefined) return `${name} not found`;
  switch (transaction.state) {
    case 'ABORTED':
      return `${name} is already aborted. abort reason: ${transaction.reason}`;
    case 'VISIBLE':
      return twoPhase ? `${name} is already visible, not pre-committed.` : undefined;
    case 'COMMITTED':
      return twoPhase ? `${name} is already committed, not pre-committed.` : undefined;
    case 'PREPARE':
      return twoPhase ? `${name} is prepare, not pre-committed.` : undefined;
    case 'PRECOMMITTED':
      return undefined;
    default:
      return transaction.state satisfies never;
  }
}

/** Why the FE refuses to abort, or undefined (reference 6). */
export function abortRefusal(transaction: Transaction | undefined, txnId: number | string): string | undefined {
  const name = `transaction [${txnId}]`;
  if (transaction === undefined) return `${name} not found`;
  if (transaction.state === 'ABORTED') return `${name} is already aborted, abort reason: ${transaction.reason}`;
  if (transaction.state === 'COMMITTED' || transaction.state === 'VISIBLE')
    return `${name} is already ${transaction.state}, could not abort.`;
  return undefined;
}

/** From here on the load is durable and its label used up, though nobody sees the rows yet. */
export function markCommitted(cluster: Cluster, txnId: number, staged: StagedRows): void {
  cluster.staged.set(txnId, staged);
  cluster.transactions.commit(txnId, staged.rows);
}

/** Keeps the rows invisible for the second phase. */
export function markPrecommitted(cluster: Cluster, txnId: number, staged: StagedRows): void {
  cluster.staged.set(txnId, staged);
  cluster.transactions.precommit(txnId, staged.rows);
}

/** The last publication of each table: versions become visible in the order of their commits. */
const publishing = new WeakMap<Cluster, Map<string, Promise<void>>>();

/** Makes the rows of a committed transaction visible. Does nothing when they are already. */
export async function publish(cluster: Cluster, txnId: number): Promise<void> {
  const staged = cluster.staged.get(txnId);
  if (staged === undefined) return;
  cluster.staged.delete(txnId);
  const queues = publishing.get(cluster) ?? new Map<string, Promise<void>>();
  publishing.set(cluster, queues);
  const key = `${staged.target.database}\n${staged.target.table}`;
  const turn = (queues.get(key) ?? Promise.resolve()).then(() => publishNow(cluster, txnId, staged));
  queues.set(
    key,
    turn.catch(() => undefined),
  );
  await turn;
}

async function publishNow(cluster: Cluster, txnId: number, staged: StagedRows): Promise<void> {
  try {
    await cluster.engine.publish(staged);
  } catch (error) {
    if (cluster.engine.table(staged.target) !== undefined) {
      // Still committed: closing tries once more.
      cluster.staged.set(txnId, staged);
      throw error;
    }
    // A table dropped meanwhile takes the rows with it; the transaction still finishes.
    await cluster.engine.discard(staged);
  }
  cluster.transactions.makeVisible(txnId);
}
