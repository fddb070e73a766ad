import { accessRefusal, parseBackendAuthorization } from './auth.ts';
import type { Cluster } from './cluster.ts';
import type { TableInfo } from './engine.ts';
import { type GroupCommit, groupCommitMode } from './group-commit.ts';
import { type LoadRequest, leadingInteger } from './load-request.ts';
import { type Refusal, refusedByFrontend } from './refusal.ts';
import type { Transaction } from './transaction.ts';

export type BeginAnswer =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'begun'; readonly transaction: Transaction }
  /** The table's property turned the load into a group commit: no transaction, and the label is forgotten (reference 2.3). */
  | { readonly kind: 'grouped'; readonly mode: GroupCommit };

const MAX_TIMEOUT_SECONDS = 259_200;
/** The stand-in numbers no databases; Doris's own ids say nothing to a client either. */
const DATABASE_ID = 10_001;

/** What the FE checks and does when a BE asks it to begin a transaction, in its order (reference 2.1 step 9). */
export function beginTransaction(cluster: Cluster, request: LoadRequest, label: string, byTable: boolean): BeginAnswer {
  const refusal = checkUserAndTable(cluster, request);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const property = cluster.engine.table(request.target)?.properties['group_commit_mode'];
  const mode = byTable && property !== undefined ? groupCommitMode(property) : undefined;
  if (mode !== undefined && mode !== 'off') return { kind: 'grouped', mode };
  const seconds = timeoutSeconds(request);
  const wrong = labelRefusal(label, cluster.behaviour.labelMaxLength) ?? timeoutRefusal(seconds);
  if (wrong !== undefined) return { kind: 'refused', refusal: wrong };
  const { database, table } = request;
  const timeoutMs = seconds === undefined ? cluster.behaviour.loadTimeoutMs : seconds * 1000;
  const coordinator = request.call.place.node;
  return answer(cluster, label, cluster.transactions.begin({ database, table, label, coordinator, timeoutMs }));
}

/** The part of the check that group commit goes through as well. */
export function checkUserAndTable(cluster: Cluster, request: LoadRequest): Refusal | undefined {
  const { call, database } = request;
  const given = parseBackendAuthorization(call.request.headers.authorization) ?? { user: '', password: '' };
  const denied = accessRefusal(given, cluster.credentials, call.request.socket.remoteAddress ?? '');
  if (denied !== undefined) return refusedByFrontend(denied);
  if (!cluster.engine.hasDatabase(database)) return refusedByFrontend(`unknown database, database=${database}`);
  const table: TableInfo | undefined = cluster.engine.table(request.target);
  return table === undefined ? refusedByFrontend(`unknown table, tableName=${request.table}`, 'NOT_FOUND', 7) : undefined;
}

function labelRefusal(label: string, maxLength: number): Refusal | undefined {
  const regex = `^[-_A-Za-z0-9:]{1,${maxLength}}$`;
  if (new RegExp(regex).test(label)) return undefined;
  return refusedByFrontend(`Label format error. regex: ${regex}, label: ${label}`);
}

function timeoutSeconds({ options }: LoadRequest): number | undefined {
  const seconds = options['timeout'] === undefined ? -1 : (leadingInteger(options['timeout']) ?? -1);
  // -1 is the BE's own mark for "not set".
  return seconds === -1 ? undefined : seconds;
}

function timeoutRefusal(seconds: number | undefined): Refusal | undefined {
  if (seconds === undefined || (seconds >= 1 && seconds <= MAX_TIMEOUT_SECONDS)) return undefined;
  return refusedByFrontend(`Invalid timeout: ${seconds}`);
}

function answer(cluster: Cluster, label: string, begun: ReturnType<Cluster['transactions']['begin']>): BeginAnswer {
  switch (begun.kind) {
    case 'begun':
      return begun;
    case 'label-used':
      return { kind: 'refused', refusal: labelUsed(label, begun.by, cluster.behaviour.cloud) };
    case 'too-many-running': {
      const { maxRunningTxns } = cluster.behaviour;
      const text = `current running txns on db ${DATABASE_ID} is ${begun.running}, larger than limit ${maxRunningTxns}`;
      return { kind: 'refused', refusal: refusedByFrontend(text) };
    }
    case 'too-many-aborted':
      return { kind: 'refused', refusal: refusedByFrontend(`too many aborted txn for label=${label}`) };
    default:
      return begun satisfies never;
  }
}

/** Reference 3.1: committed counts as finished; cloud mode loses the status on the way. */
function labelUsed(label: string, by: Transaction, cloud: boolean): Refusal {
  const message = `Label [${label}] has already been used, relate to txn [${by.txnId}]`;
  return { ...refusedByFrontend(message, 'LABEL_ALREADY_EXISTS'), existingJobStatus: cloud ? '' : jobStatus(by) };
}

function jobStatus({ state }: Transaction): string {
  if (state === 'PREPARE') return 'RUNNING';
  return state === 'PRECOMMITTED' ? 'PRECOMMITTED' : 'FINISHED';
}
