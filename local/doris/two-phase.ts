import { accessRefusal, parseBackendAuthorization } from './auth.ts';
import { type Call, header, type Reply } from './call.ts';
import type { Cluster } from './cluster.ts';
import { abortRefusal, commitRefusal, publish } from './commit.ts';
import { type Refusal, refuse, refusedByFrontend } from './refusal.ts';
import { backendJson } from './reply.ts';
import { deliver, strike } from './strike.ts';
import type { Transaction } from './transaction.ts';

/** `PUT /api/{db}[/{table}]/_stream_load_2pc` at a backend: it asks the FE and passes on the answer (reference 6). */
export async function finishTwoPhase(cluster: Cluster, call: Call): Promise<void> {
  const struck = await strike(cluster, call, 'be.two-phase');
  if (struck.kind !== 'unharmed') return;
  await deliver(cluster, call, 'be.reply', await operate(cluster, call));
}

async function operate(cluster: Cluster, call: Call): Promise<Reply> {
  const label = header(call.request, 'label');
  const id = header(call.request, 'txn_id');
  const operation = header(call.request, 'txn_operation') ?? '';
  const digits = id === undefined ? undefined : /^\s*\+?(\d+)/.exec(id)?.[1];
  if (id !== undefined && digits === undefined) return refused(refuse('INTERNAL_ERROR', `convert txn_id [${id}] failed, reason=stoull`));
  if (operation !== 'commit' && operation !== 'abort') {
    return refused(refuse('INTERNAL_ERROR', "transaction operation should be 'commit' or 'abort'"));
  }
  const refusal = accessDenied(cluster, call) ?? (await finish(cluster, call, { operation, label, id: digits }));
  if (refusal !== undefined) return refused(refusal);
  const names = [label === undefined ? '' : `label [${label}] `, id === undefined ? '' : `transaction [${id}] `];
  return backendJson({ status: 'Success', msg: `${names.join('')}${operation} successfully.` });
}

function refused({ code, message }: Refusal): Reply {
  return backendJson({ status: code, msg: message });
}

// The BE drops its own complaint about a missing header, so that the FE's comes out (reference 6).
function accessDenied(cluster: Cluster, { request }: Call): Refusal | undefined {
  const given = parseBackendAuthorization(request.headers.authorization) ?? { user: '', password: '' };
  const denied = accessRefusal(given, cluster.credentials, request.socket.remoteAddress ?? '');
  return denied === undefined ? undefined : refusedByFrontend(denied);
}

interface Order {
  readonly operation: 'commit' | 'abort';
  readonly label: string | undefined;
  readonly id: string | undefined;
}

async function finish(cluster: Cluster, { place: { database } }: Call, order: Order): Promise<Refusal | undefined> {
  if (!cluster.engine.hasDatabase(database)) return refusedByFrontend(`unknown database, database=${database}`);
  const { operation, label = '', id } = order;
  const found = id === undefined ? byLabel(cluster, database, label, operation) : byId(cluster, database, Number(id));
  if (found === undefined)
    return refusedByFrontend(id === undefined ? `transaction not found, label=${label}` : `transaction [${id}] not found`);
  const refusal = operation === 'commit' ? commitRefusal(found, found.txnId, true) : abortRefusal(found, found.txnId);
  if (refusal !== undefined) return refusedByFrontend(refusal);
  if (operation === 'abort') cluster.transactions.abort(found.txnId, 'User Abort');
  else {
    cluster.transactions.commit(found.txnId, found.rows);
    await publish(cluster, found.txnId);
  }
  return undefined;
}

function byId(cluster: Cluster, database: string, txnId: number): Transaction | undefined {
  const found = cluster.transactions.get(txnId);
  return found?.database === database ? found : undefined;
}

/** By label a commit finds only PRECOMMITTED, an abort PREPARE as well (reference 6). */
function byLabel(cluster: Cluster, database: string, label: string, operation: Order['operation']): Transaction | undefined {
  const states = operation === 'commit' ? ['PRECOMMITTED'] : ['PREPARE', 'PRECOMMITTED'];
  const latest = cluster.transactions.latest(database, label);
  return latest !== undefined && states.includes(latest.state) ? latest : undefined;
}
