import type { Credentials } from './auth.ts';
import { type Behaviour, behaviourOf } from './behaviour.ts';
import { type Clock, systemClock } from './clock.ts';
import type { BackendNode, Cluster } from './cluster.ts';
import type { Engine, StagedRows } from './engine.ts';
import { createErrorLogs } from './error-log.ts';
import { createFaults } from './faults.ts';
import { createHeldTasks } from './held.ts';
import type { LabelJournal } from './journal.ts';
import { createListener, type Tls } from './listener.ts';
import { backendHandlers, frontendHandlers } from './nodes.ts';
import { createPending, type Pending } from './pending.ts';
import { createTransactions, type Transactions } from './transactions.ts';

/** What a stand-in is made of besides its rows. */
export interface ClusterOptions {
  readonly fePort?: number;
  readonly bePort?: number;
  readonly user?: string;
  readonly password?: string;
  readonly backends?: number;
  readonly tls?: Tls;
  readonly behaviour?: Partial<Behaviour>;
  readonly clock?: Clock;
  /** Remembers labels beyond the process; absent: they end with it. */
  readonly journal?: LabelJournal;
}

const VISITS_KEPT = 10_000;

/** Puts a cluster together; nothing listens yet. */
export function assemble(engine: Engine, options: ClusterOptions, closing: AbortSignal): Cluster {
  const behaviour = behaviourOf(options.behaviour);
  const clock = options.clock ?? systemClock;
  const staged = new Map<number, StagedRows>();
  const held = createHeldTasks();
  const pending = createPending();
  const transactions = createTransactions({
    clock,
    behaviour,
    onDropped: ({ txnId }) => dropRows(engine, { staged, pending }, txnId),
    onFinished: (transaction) => options.journal?.append(transaction),
  });
  for (const transaction of options.journal?.read() ?? []) transactions.restore(transaction);
  options.journal?.rewrite(transactions.list());
  const late = (): Cluster => cluster;
  const frontend = createListener({ port: options.fePort ?? 0, lenient: false, ...tlsOf(options), ...frontendHandlers(late) });
  const backends = Array.from({ length: options.backends ?? 1 }, (_, index) => newBackend(index, options, behaviour, late));
  const credentials: Credentials = { user: options.user ?? 'root', password: options.password ?? '' };
  const cluster: Cluster = {
    engine,
    transactions,
    staged,
    errorLogs: createErrorLogs(clock, behaviour),
    faults: createFaults(() => held.release()),
    held,
    pending,
    behaviour,
    clock,
    credentials,
    frontend,
    backends,
    ...tlsOf(options),
    startTime: clock.now(),
    closing,
    nextBackend: roundRobin(backends),
    restartBackend: (name) => restartBackend(backends, transactions, name),
    visit: visitCounter(),
  };
  return cluster;
}

function tlsOf({ tls }: ClusterOptions): { readonly tls?: Tls } {
  return tls === undefined ? {} : { tls };
}

/** A BE speaks TLS exactly when Location says https, which the newest form never does (reference 1.2). */
function newBackend(index: number, options: ClusterOptions, behaviour: Behaviour, cluster: () => Cluster): BackendNode {
  const name = `be${index}`;
  const port = options.bePort === undefined || options.bePort === 0 ? 0 : options.bePort + index;
  const tls = behaviour.redirectForm === 'newest' ? {} : tlsOf(options);
  const node: BackendNode = {
    name,
    alive: true,
    listener: createListener({ port, lenient: true, ...tls, ...backendHandlers(cluster, name, () => node) }),
  };
  return node;
}

function dropRows(
  engine: Engine,
  { staged, pending }: { readonly staged: Map<number, StagedRows>; readonly pending: Pending },
  txnId: number,
): void {
  const rows = staged.get(txnId);
  if (rows === undefined) return;
  staged.delete(txnId);
  pending.track(engine.discard(rows).catch((error: unknown) => console.error('Doris stand-in: discarding rows failed:', error)));
}

function roundRobin(backends: readonly BackendNode[]): () => BackendNode | undefined {
  let turn = 0;
  return () => {
    const live = backends.filter(({ alive }) => alive);
    const chosen = live[turn % Math.max(live.length, 1)];
    turn += 1;
    return chosen;
  };
}

function restartBackend(backends: readonly BackendNode[], transactions: Transactions, name: string): void {
  backends.find((backend) => backend.name === name)?.listener.dropConnections();
  for (const { txnId, coordinator } of transactions.prepared()) {
    if (coordinator === name) transactions.abort(txnId, 'coordinate BE is down');
  }
}

/** Counts visits of the labels seen last; an older label starts at 1 again. */
function visitCounter(): Cluster['visit'] {
  const visits = new Map<string, number>();
  return (kind, database, label) => {
    const key = `${kind}\n${database}\n${label}`;
    const count = (visits.get(key) ?? 0) + 1;
    visits.delete(key);
    visits.set(key, count);
    const oldest = visits.keys().next();
    if (visits.size > VISITS_KEPT && !oldest.done) visits.delete(oldest.value);
    return count;
  };
}
