import { assemble, type ClusterOptions } from './assemble.ts';
import type { BackendNode, Cluster } from './cluster.ts';
import { publish } from './commit.ts';
import type { Engine, QueryResult } from './engine.ts';
import type { Faults } from './faults.ts';
import { query } from './frontend-sql.ts';
import type { Listener } from './listener.ts';
import { isRunning, type Transaction } from './transaction.ts';

/** A running stand-in. */
export interface DorisStandIn {
  /** Without a slash at the end. */
  readonly feUrl: string;
  readonly beUrls: readonly string[];
  readonly user: string;
  readonly password: string;
  readonly faults: Faults;
  /** Runs SQL past HTTP. */
  query(statement: string, database?: string): Promise<QueryResult>;
  /** Every transaction that is remembered, by id. */
  transactions(database: string): readonly Transaction[];
  /** Stops `fe`, `be0`, ..: connecting is refused. `noticed`, true by default: the FE knows that the backend is down. */
  stop(node: string, options?: { readonly noticed?: boolean }): Promise<void>;
  /** Starts a stopped node again, under the same port. */
  start(node: string): Promise<void>;
  /** Everything restarts: connections drop, what was in PREPARE is gone (cloud: aborted), the rest stays, and so do the ports. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const SWEEP_INTERVAL_MS = 30_000;

/** Starts the servers in front of an engine. The stand-in owns the engine from here on. */
export async function runCluster(engine: Engine, options: ClusterOptions): Promise<DorisStandIn> {
  const closing = new AbortController();
  const cluster = assemble(engine, options, closing.signal);
  try {
    await startAll(cluster);
  } catch (error) {
    await stopAll(cluster);
    await engine.close();
    throw error;
  }
  const sweeper = setInterval(() => cluster.transactions.sweep(), SWEEP_INTERVAL_MS).unref();
  closing.signal.addEventListener('abort', () => clearInterval(sweeper));
  let closed: Promise<void> | undefined;
  return {
    feUrl: cluster.frontend.url(),
    beUrls: cluster.backends.map(({ listener }) => listener.url()),
    ...cluster.credentials,
    faults: cluster.faults,
    query: (statement, database = 'information_schema') => query(cluster, statement, database),
    transactions: (database) => cluster.transactions.list(database),
    stop: (node, { noticed = true } = {}) => stopNode(cluster, node, noticed),
    start: (node) => startNode(cluster, node),
    restart: () => restart(cluster),
    close() {
      closed ??= close(cluster, options, closing);
      return closed;
    },
  };
}

async function startAll({ frontend, backends }: Cluster): Promise<void> {
  await frontend.start();
  for (const { listener } of backends) await listener.start();
}

async function stopAll({ frontend, backends }: Cluster): Promise<void> {
  await Promise.all([frontend, ...backends.map(({ listener }) => listener)].map((listener) => listener.stop()));
}

async function stopNode(cluster: Cluster, name: string, noticed: boolean): Promise<void> {
  const backend = backendNamed(cluster, name);
  await (backend?.listener ?? cluster.frontend).stop();
  if (backend === undefined || !noticed) return;
  backend.alive = false;
  cluster.restartBackend(name);
}

async function startNode(cluster: Cluster, name: string): Promise<void> {
  const backend = backendNamed(cluster, name);
  const listener: Listener = backend?.listener ?? cluster.frontend;
  await listener.start();
  if (backend !== undefined) backend.alive = true;
}

/** @returns undefined for the FE */
function backendNamed(cluster: Cluster, name: string): BackendNode | undefined {
  const backend = cluster.backends.find((node) => node.name === name);
  if (backend === undefined && name !== 'fe') {
    throw new RangeError(`no such node: ${name} - one of fe, ${cluster.backends.map((node) => node.name).join(', ')}`);
  }
  return backend;
}

async function restart(cluster: Cluster): Promise<void> {
  await stopAll(cluster);
  for (const { txnId } of cluster.transactions.prepared()) {
    // PREPARE is not journaled outside cloud mode: the label is as if it had never been (reference 4).
    if (cluster.behaviour.cloud) cluster.transactions.abort(txnId, 'coordinate BE is down');
    else cluster.transactions.lose(txnId);
  }
  await startAll(cluster);
  for (const backend of cluster.backends) backend.alive = true;
}

async function close(cluster: Cluster, { journal }: ClusterOptions, closing: AbortController): Promise<void> {
  closing.abort();
  await stopAll(cluster);
  await cluster.pending.settled();
  // Committed is committed: what only waits to become visible does so now.
  await cluster.held.release();
  await Promise.all(
    [...cluster.staged.keys()].filter((id) => cluster.transactions.get(id)?.state === 'COMMITTED').map((id) => publish(cluster, id)),
  );
  await cluster.pending.settled();
  journal?.rewrite(cluster.transactions.list().filter((transaction) => !isRunning(transaction)));
  await cluster.engine.close();
}
