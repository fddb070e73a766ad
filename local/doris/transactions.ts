import type { Behaviour } from './behaviour.ts';
import type { Clock } from './clock.ts';

export type TransactionState = 'PREPARE' | 'PRECOMMITTED' | 'COMMITTED' | 'VISIBLE' | 'ABORTED';

/** One load transaction; times in ms since the epoch. */
export interface Transaction {
  readonly txnId: number;
  readonly label: string;
  readonly database: string;
  readonly table: string;
  readonly state: TransactionState;
  /** Rows that it stores or stored. */
  readonly rows: number;
  /** The backend that runs it; its restart aborts it. */
  readonly coordinator: string;
  readonly timeoutMs: number;
  readonly prepareTime: number;
  readonly preCommitTime?: number;
  readonly commitTime?: number;
  readonly finishTime?: number;
  /** Why it was aborted; `''` while it was not. */
  readonly reason: string;
}

export type Begun =
  | { readonly kind: 'begun'; readonly transaction: Transaction }
  | { readonly kind: 'label-used'; readonly by: Transaction }
  | { readonly kind: 'too-many-running'; readonly running: number }
  | { readonly kind: 'too-many-aborted' };

export interface NewTransaction {
  readonly database: string;
  readonly table: string;
  readonly label: string;
  readonly coordinator: string;
  readonly timeoutMs: number;
}

/** The label and transaction memory of a cluster. Moves do not check legality: the callers own the texts of refusal. */
export interface Transactions {
  begin(wanted: NewTransaction): Begun;
  get(txnId: number): Transaction | undefined;
  /** Of the transactions with this label the one with the largest id: what `get_load_state` tells (reference 5). */
  latest(database: string, label: string): Transaction | undefined;
  /** In order of their ids. */
  list(database: string): readonly Transaction[];
  precommit(txnId: number, rows: number): void;
  commit(txnId: number, rows: number): void;
  makeVisible(txnId: number): void;
  abort(txnId: number, reason: string): void;
  /** Drops every trace of the label's finished transactions (CLEAN LABEL). Without a label those of the whole database. */
  forget(database: string, label?: string): void;
  /** Drops an unfinished transaction as a failed-over FE does that never journaled it (reference 4). */
  lose(txnId: number): void;
  /** Every transaction in PREPARE. */
  prepared(): readonly Transaction[];
  /** Takes in a finished transaction of an earlier run; later ids start behind it. */
  restore(transaction: Transaction): void;
  /** Aborts what timed out and drops what is too old. Every call above does so first. */
  sweep(): void;
}

export interface TransactionOptions {
  readonly clock: Clock;
  readonly behaviour: Behaviour;
  /** Called with a transaction right after it became ABORTED or was lost: its staged rows go. */
  readonly onDropped: (transaction: Transaction) => void;
  /** Called with a transaction right after it became VISIBLE or ABORTED. */
  readonly onFinished?: (transaction: Transaction) => void;
}

const RUNNING: readonly TransactionState[] = ['PREPARE', 'PRECOMMITTED', 'COMMITTED'];

/** True from PREPARE until publishing has ended. */
export function isRunning(transaction: Transaction): boolean {
  return RUNNING.includes(transaction.state);
}

/** Makes an empty memory. Nothing in it waits, so one call is one critical section, as Doris's write lock is (reference 4). */
export function createTransactions(options: TransactionOptions): Transactions {
  const { clock, behaviour } = options;
  const all = new Map<number, Transaction>();
  const byLabel = new Map<string, Set<number>>();
  const running = new Set<number>();
  /** Finished ids of a database, oldest first. */
  const finished = new Map<string, Set<number>>();
  let lastId = 1000;

  const keyOf = (database: string, label: string): string => `${database}\n${label}`;
  const withLabel = (database: string, label: string): readonly Transaction[] =>
    [...(byLabel.get(keyOf(database, label)) ?? [])].flatMap((id) => all.get(id) ?? []);

  function remember(transaction: Transaction): void {
    all.set(transaction.txnId, transaction);
    const key = keyOf(transaction.database, transaction.label);
    byLabel.set(key, (byLabel.get(key) ?? new Set()).add(transaction.txnId));
    if (isRunning(transaction)) running.add(transaction.txnId);
  }

  function drop(transaction: Transaction): void {
    const key = keyOf(transaction.database, transaction.label);
    const ids = byLabel.get(key);
    ids?.delete(transaction.txnId);
    if (ids?.size === 0) byLabel.delete(key);
    all.delete(transaction.txnId);
    running.delete(transaction.txnId);
    finished.get(transaction.database)?.delete(transaction.txnId);
  }

  function move(txnId: number, change: Partial<Transaction>): Transaction | undefined {
    const before = all.get(txnId);
    if (before === undefined) return undefined;
    const after = { ...before, ...change };
    all.set(txnId, after);
    if (!isRunning(after)) finish(after);
    return after;
  }

  function finish(transaction: Transaction): void {
    running.delete(transaction.txnId);
    const order = finished.get(transaction.database) ?? new Set();
    finished.set(transaction.database, order.add(transaction.txnId));
    options.onFinished?.(transaction);
    dropBeyondCount(order);
  }

  // The count holds at once, the time only when the cleaner comes by (reference 4: one FIFO, committed and aborted alike).
  function dropBeyondCount(order: ReadonlySet<number>): void {
    if (behaviour.labelKeepCount < 0) return;
    for (const id of order) {
      if (order.size <= behaviour.labelKeepCount) return;
      const oldest = all.get(id);
      if (oldest !== undefined) drop(oldest);
    }
  }

  function abort(txnId: number, reason: string): void {
    const aborted = move(txnId, { state: 'ABORTED', reason, finishTime: clock.now() });
    if (aborted !== undefined) options.onDropped(aborted);
  }

  function sweep(): void {
    const now = clock.now();
    for (const id of [...running]) {
      const transaction = all.get(id);
      if (transaction !== undefined && isOverdue(transaction, now, behaviour)) abort(id, 'timeout by txn manager');
    }
    for (const order of finished.values()) dropExpired(order, now);
  }

  function dropExpired(order: ReadonlySet<number>, now: number): void {
    for (const id of order) {
      const oldest = all.get(id);
      if (oldest === undefined || now - (oldest.finishTime ?? now) <= behaviour.labelKeepMs) return;
      drop(oldest);
    }
  }

  function begin(wanted: NewTransaction): Begun {
    sweep();
    const refused = refusal(wanted);
    if (refused !== undefined) return refused;
    lastId += 1;
    const transaction: Transaction = { ...wanted, txnId: lastId, state: 'PREPARE', rows: 0, prepareTime: clock.now(), reason: '' };
    remember(transaction);
    return { kind: 'begun', transaction };
  }

  function refusal({ database, label }: NewTransaction): Begun | undefined {
    const same = withLabel(database, label);
    const by = same.findLast(({ state }) => state !== 'ABORTED');
    if (by !== undefined) return { kind: 'label-used', by };
    if (behaviour.cloud && same.length >= behaviour.maxAbortedPerLabel) return { kind: 'too-many-aborted' };
    const here = [...running].filter((id) => all.get(id)?.database === database).length;
    return here >= behaviour.maxRunningTxns ? { kind: 'too-many-running', running: here } : undefined;
  }

  const inOrder = (transactions: Iterable<Transaction>): readonly Transaction[] => [...transactions].sort((a, b) => a.txnId - b.txnId);

  return {
    begin,
    abort,
    sweep,
    get(txnId) {
      sweep();
      return all.get(txnId);
    },
    latest(database, label) {
      sweep();
      return inOrder(withLabel(database, label)).at(-1);
    },
    list(database) {
      sweep();
      return inOrder(all.values()).filter((transaction) => transaction.database === database);
    },
    precommit: (txnId, rows) => void move(txnId, { state: 'PRECOMMITTED', rows, preCommitTime: clock.now() }),
    commit: (txnId, rows) => void move(txnId, { state: 'COMMITTED', rows, commitTime: clock.now() }),
    makeVisible: (txnId) => void move(txnId, { state: 'VISIBLE', finishTime: clock.now() }),
    forget(database, label) {
      const known = label === undefined ? [...all.values()].filter((one) => one.database === database) : withLabel(database, label);
      for (const transaction of known) if (!isRunning(transaction)) drop(transaction);
    },
    lose(txnId) {
      const lost = all.get(txnId);
      if (lost === undefined) return;
      drop(lost);
      options.onDropped(lost);
    },
    prepared: () => [...running].flatMap((id) => all.get(id) ?? []).filter(({ state }) => state === 'PREPARE'),
    restore(transaction) {
      lastId = Math.max(lastId, transaction.txnId);
      remember(transaction);
      if (!isRunning(transaction))
        finished.set(transaction.database, (finished.get(transaction.database) ?? new Set()).add(transaction.txnId));
    },
  };
}

function isOverdue(transaction: Transaction, now: number, behaviour: Behaviour): boolean {
  if (transaction.state === 'PREPARE') return now - transaction.prepareTime > transaction.timeoutMs;
  return transaction.state === 'PRECOMMITTED' && now - (transaction.preCommitTime ?? now) > behaviour.precommitTimeoutMs;
}
