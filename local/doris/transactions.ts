import type { Behaviour } from './behaviour.ts';
import type { Clock } from './clock.ts';
import { isRunning, type Transaction } from './transaction.ts';
import { createTransactionStore, type TransactionStore } from './transaction-store.ts';

/** What came of the wish to begin. */
type Begun =
  | { readonly kind: 'begun'; readonly transaction: Transaction }
  | { readonly kind: 'label-used'; readonly by: Transaction }
  | { readonly kind: 'too-many-running'; readonly running: number }
  | { readonly kind: 'too-many-aborted' };

/** What a new transaction needs. */
type NewTransaction = Pick<Transaction, 'database' | 'table' | 'label' | 'coordinator' | 'timeoutMs'>;

/** The label and transaction memory of a cluster. Moves do not check legality: the callers own the texts of refusal. */
export interface Transactions {
  begin(wanted: NewTransaction): Begun;
  get(txnId: number): Transaction | undefined;
  /** Of the transactions with this label the one with the largest id: what `get_load_state` tells (reference 5). */
  latest(database: string, label: string): Transaction | undefined;
  /** In order of their ids; those of every database when none is named. */
  list(database?: string): readonly Transaction[];
  precommit(txnId: number, rows: number): void;
  commit(txnId: number, rows: number): void;
  makeVisible(txnId: number): void;
  abort(txnId: number, reason: string): void;
  /** Drops every trace of the label's finished transactions (CLEAN LABEL); without a label those of the whole database. */
  forget(database: string, label?: string): void;
  /** Drops an unfinished transaction as an FE does that failed before it journaled it (reference 4). */
  lose(txnId: number): void;
  /** Every transaction in PREPARE. */
  prepared(): readonly Transaction[];
  /** Takes in a transaction of an earlier run; later ids start behind it. */
  restore(transaction: Transaction): void;
  /** Aborts what timed out and drops what is too old. The reading calls do so first. */
  sweep(): void;
}

/** What the memory runs on. */
export interface TransactionOptions {
  readonly clock: Clock;
  readonly behaviour: Behaviour;
  /** Called with a transaction right after it became ABORTED or was lost: its staged rows go. */
  readonly onDropped: (transaction: Transaction) => void;
  /** Called with a transaction right after it became VISIBLE or ABORTED. */
  readonly onFinished: (transaction: Transaction) => void;
}

interface Memory extends TransactionOptions {
  readonly store: TransactionStore;
  lastId: number;
}

/** Makes an empty memory. Nothing in it waits, so one call is one critical section, as Doris's write lock is (reference 4). */
export function createTransactions(options: TransactionOptions): Transactions {
  const memory: Memory = { ...options, store: createTransactionStore(), lastId: 1000 };
  const { store, clock } = memory;
  const swept = (): TransactionStore => {
    sweep(memory);
    return store;
  };
  return {
    begin: (wanted) => begin(memory, wanted),
    get: (txnId) => swept().get(txnId),
    latest: (database, label) => swept().labelled(database, label).at(-1),
    list: (database) => swept().of(database),
    precommit: (txnId, rows) => void move(memory, txnId, { state: 'PRECOMMITTED', rows, preCommitTime: clock.now() }),
    commit: (txnId, rows) => void move(memory, txnId, { state: 'COMMITTED', rows, commitTime: clock.now() }),
    makeVisible: (txnId) => void move(memory, txnId, { state: 'VISIBLE', finishTime: clock.now() }),
    abort: (txnId, reason) => abort(memory, txnId, reason),
    forget: (database, label) => forget(store, label === undefined ? store.of(database) : store.labelled(database, label)),
    lose: (txnId) => lose(memory, txnId),
    prepared: () =>
      swept()
        .running()
        .filter(({ state }) => state === 'PREPARE'),
    restore(transaction) {
      memory.lastId = Math.max(memory.lastId, transaction.txnId);
      store.put(transaction);
    },
    sweep: () => sweep(memory),
  };
}

function begin(memory: Memory, wanted: NewTransaction): Begun {
  sweep(memory);
  const refused = refusal(memory, wanted);
  if (refused !== undefined) return refused;
  memory.lastId += 1;
  const { database, table, label, coordinator, timeoutMs } = wanted;
  const fresh = { state: 'PREPARE', rows: 0, prepareTime: memory.clock.now(), reason: '' } as const;
  const transaction: Transaction = { txnId: memory.lastId, label, database, table, coordinator, timeoutMs, ...fresh };
  memory.store.put(transaction);
  return { kind: 'begun', transaction };
}

function refusal({ store, behaviour }: Memory, { database, label }: NewTransaction): Begun | undefined {
  const same = store.labelled(database, label);
  // An aborted transaction frees its label; any other one keeps it.
  const by = same.findLast(({ state }) => state !== 'ABORTED');
  if (by !== undefined) return { kind: 'label-used', by };
  if (behaviour.cloud && same.length >= behaviour.maxAbortedPerLabel) return { kind: 'too-many-aborted' };
  const running = store.running().filter((transaction) => transaction.database === database).length;
  return running >= behaviour.maxRunningTxns ? { kind: 'too-many-running', running } : undefined;
}

function move(memory: Memory, txnId: number, change: Partial<Transaction>): Transaction | undefined {
  const before = memory.store.get(txnId);
  if (before === undefined) return undefined;
  const after = { ...before, ...change };
  memory.store.put(after);
  if (isRunning(after)) return after;
  memory.onFinished(after);
  dropBeyondCount(memory, after.database);
  return after;
}

function abort(memory: Memory, txnId: number, reason: string): void {
  const aborted = move(memory, txnId, { state: 'ABORTED', reason, finishTime: memory.clock.now() });
  if (aborted !== undefined) memory.onDropped(aborted);
}

function lose(memory: Memory, txnId: number): void {
  const lost = memory.store.get(txnId);
  if (lost === undefined) return;
  memory.store.remove(lost);
  memory.onDropped(lost);
}

function forget(store: TransactionStore, transactions: readonly Transaction[]): void {
  for (const transaction of transactions) if (!isRunning(transaction)) store.remove(transaction);
}

// The count holds at once: one queue in a database, committed and aborted alike (reference 4).
function dropBeyondCount({ store, behaviour }: Memory, database: string): void {
  if (behaviour.labelKeepCount < 0) return;
  const order = store.finished(database);
  for (const id of order) {
    if (order.size <= behaviour.labelKeepCount) return;
    const oldest = store.get(id);
    if (oldest !== undefined) store.remove(oldest);
  }
}

function sweep(memory: Memory): void {
  const { store, clock } = memory;
  const now = clock.now();
  for (const transaction of store.running()) {
    if (isOverdue(transaction, now, memory.behaviour)) abort(memory, transaction.txnId, 'timeout by txn manager');
  }
  for (const database of [...store.databases()]) dropExpired(memory, database, now);
}

function dropExpired({ store, behaviour }: Memory, database: string, now: number): void {
  for (const id of store.finished(database)) {
    const oldest = store.get(id);
    if (oldest === undefined || now - (oldest.finishTime ?? now) <= behaviour.labelKeepMs) return;
    store.remove(oldest);
  }
}

function isOverdue({ state, prepareTime, preCommitTime = 0, timeoutMs }: Transaction, now: number, behaviour: Behaviour): boolean {
  if (state === 'PREPARE') return now - prepareTime > timeoutMs;
  return state === 'PRECOMMITTED' && now - preCommitTime > behaviour.precommitTimeoutMs;
}
