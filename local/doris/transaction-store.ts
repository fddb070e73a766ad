import { isRunning, type Transaction } from './transaction.ts';

/** Transactions by id, by label, and in the order in which they finished. */
export interface TransactionStore {
  get(txnId: number): Transaction | undefined;
  /** Of this label in this database, in order of their ids. */
  labelled(database: string, label: string): readonly Transaction[];
  /** Of this database, or of all, in order of their ids. */
  of(database?: string): readonly Transaction[];
  running(): readonly Transaction[];
  /** Finished ones of a database, the earliest first. */
  finished(database: string): ReadonlySet<number>;
  databases(): Iterable<string>;
  /** Takes in a new transaction or the next state of a known one. */
  put(transaction: Transaction): void;
  remove(transaction: Transaction): void;
}

/** Makes an empty store. */
export function createTransactionStore(): TransactionStore {
  const all = new Map<number, Transaction>();
  const byLabel = new Map<string, Set<number>>();
  const running = new Set<number>();
  const finished = new Map<string, Set<number>>();
  const keyOf = ({ database, label }: Pick<Transaction, 'database' | 'label'>): string => `${database}\n${label}`;
  const known = (ids: Iterable<number>): readonly Transaction[] => [...ids].sort((a, b) => a - b).flatMap((id) => all.get(id) ?? []);

  return {
    get: (txnId) => all.get(txnId),
    labelled: (database, label) => known(byLabel.get(keyOf({ database, label })) ?? []),
    of: (database) => known(all.keys()).filter((transaction) => database === undefined || transaction.database === database),
    running: () => known(running),
    finished: (database) => finished.get(database) ?? new Set(),
    databases: () => finished.keys(),
    put(transaction) {
      const { txnId, database } = transaction;
      all.set(txnId, transaction);
      addTo(byLabel, keyOf(transaction), txnId);
      if (isRunning(transaction)) running.add(txnId);
      else {
        running.delete(txnId);
        addTo(finished, database, txnId);
      }
    },
    remove(transaction) {
      const { txnId, database } = transaction;
      all.delete(txnId);
      running.delete(txnId);
      removeFrom(byLabel, keyOf(transaction), txnId);
      removeFrom(finished, database, txnId);
    },
  };
}

function addTo(sets: Map<string, Set<number>>, key: string, id: number): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([id]));
  else set.add(id);
}

function removeFrom(sets: Map<string, Set<number>>, key: string, id: number): void {
  const set = sets.get(key);
  set?.delete(id);
  if (set?.size === 0) sets.delete(key);
}
