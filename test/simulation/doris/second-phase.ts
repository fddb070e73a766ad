import type { Answer, Question } from '../../../lib/doris/question.ts';
import type { Actor } from '../faults.ts';
import { latency, type World } from '../world.ts';
import type { Cluster } from './cluster.ts';
import { redirectToBackend } from './frontend.ts';
import type { Transaction } from './transactions.ts';

/** A commit of rows that are held back (reference 6): a frontend sends it on, any backend carries it out. */
export function secondPhase(world: World, cluster: Cluster, { url, put = {} }: Question, actor: Actor): Answer {
  if (!url.host.startsWith('be')) return { kind: 'answer', status: 307, location: redirectToBackend(cluster, url), text: '' };
  const { transactions } = cluster;
  const { txn_id: id, label = '' } = put;
  const found = id === undefined ? heldBack(transactions.latest(label)) : transactions.find(Number(id));
  const refusal = found === undefined ? 'transaction not found' : refusalOf(found);
  if (found !== undefined && refusal === undefined && cluster.commit(found, found.rows)) {
    cluster.publishIn(found, world.faults.strikes('publish-timeout', actor) ? actor.draw() * 120_000 : latency(actor));
  }
  if (world.faults.strikes('reply-lost', actor)) return { kind: 'silent', reason: 'ECONNRESET' };
  const said = refusal === undefined ? { status: 'Success', msg: 'commit successfully.' } : { status: 'ANALYSIS_ERROR', msg: refusal };
  return { kind: 'answer', status: 200, location: undefined, text: JSON.stringify(said) };
}

/** By label only these are found. */
function heldBack(transaction: Transaction | undefined): Transaction | undefined {
  return transaction?.state === 'PRECOMMITTED' ? transaction : undefined;
}

function refusalOf({ id, state }: Transaction): string | undefined {
  return state === 'PRECOMMITTED' ? undefined : `transaction [${id}] is already ${state.toLowerCase()}, not pre-committed.`;
}
