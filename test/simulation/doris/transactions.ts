/** Where a transaction stands (reference 4). */
type TransactionState = 'PREPARE' | 'PRECOMMITTED' | 'COMMITTED' | 'VISIBLE' | 'ABORTED';

/** One transaction of the database. */
export interface Transaction {
  readonly id: number;
  readonly label: string;
  readonly table: string;
  readonly backend: string;
  readonly begunAt: number;
  /** Aborted by the frontend some time after this. */
  readonly expiresAt: number;
  state: TransactionState;
  /** Numbers of the rows that it stored. */
  rows: readonly number[];
  /** When it became VISIBLE or ABORTED. */
  finishedAt: number;
}

const GROUP = 'group_commit_';

/** The label that Doris gives a group: nobody else's. */
export function groupLabel(which: number): string {
  return `${GROUP}${which}`;
}

/** Whether a load has no label of its own. */
export function isGrouped(label: string): boolean {
  return label.startsWith(GROUP);
}

/** What the memory runs on. */
export interface MemoryRules {
  readonly now: () => number;
  /** Labels of so many finished transactions are remembered. */
  readonly threshold: number;
  /** So many transactions do not finish in less: the label that a request on its way was sent under is still known. */
  readonly crowdedOutAfter: number;
  /** Transactions that the cluster saw before. */
  readonly earlier: number;
}

/** The labels and transactions of one database, as its master frontend keeps them. */
export interface Transactions {
  /** The new transaction, or the one that holds the label. */
  begin(label: string, table: string, backend: string, timeout: number): { readonly begun: Transaction } | { readonly heldBy: Transaction };
  /** By its id, while its label is remembered. */
  find(id: number): Transaction | undefined;
  /** Of the transactions with a label the latest. */
  latest(label: string): Transaction | undefined;
  /** Takes rows and holds them back. False when it is not in PREPARE any more. */
  precommit(transaction: Transaction, rows: readonly number[]): boolean;
  /** Stores rows. False when it is in neither PREPARE nor PRECOMMITTED. */
  commit(transaction: Transaction, rows: readonly number[]): boolean;
  publish(transaction: Transaction): void;
  abort(transaction: Transaction): void;
  /** Aborts what is still held back. */
  expire(transaction: Transaction): void;
  /** Those in PREPARE. */
  prepared(): readonly Transaction[];
  /** PREPARE is not journaled: a new master does not know these transactions. */
  lose(transaction: Transaction): void;
  /** Other loads of the database end, as many as it takes to crowd out all labels that may be. */
  crowdOut(): void;
}

/** `streaming_label_keep_max_second`. */
const LABEL_KEPT = 12 * 3_600_000;

/** An empty memory. */
export function newTransactions({ now, threshold, crowdedOutAfter, earlier }: MemoryRules): Transactions {
  const byLabel = new Map<string, Transaction[]>();
  let finished: Transaction[] = [];
  let lastId = earlier;

  const isKnown = (transaction: Transaction): boolean => byLabel.get(transaction.label)?.includes(transaction) ?? false;
  const forget = (transaction: Transaction): void => {
    const left = (byLabel.get(transaction.label) ?? []).filter((other) => other !== transaction);
    if (left.length === 0) byLabel.delete(transaction.label);
    else byLabel.set(transaction.label, left);
  };
  const forgetWhere = (old: (transaction: Transaction, index: number) => boolean): void => {
    const gone = finished.filter(old);
    if (gone.length === 0) return;
    for (const transaction of gone) forget(transaction);
    finished = finished.filter((transaction) => !gone.includes(transaction));
  };
  const sweep = (): void => forgetWhere(({ finishedAt }) => now() - finishedAt > LABEL_KEPT);
  const finish = (transaction: Transaction, state: 'VISIBLE' | 'ABORTED'): void => {
    transaction.state = state;
    transaction.finishedAt = now();
    finished.push(transaction);
    const surplus = finished.length - threshold;
    forgetWhere(({ finishedAt }, index) => index < surplus && now() - finishedAt > crowdedOutAfter);
  };

  return {
    begin: (label, table, backend, timeout) => {
      sweep();
      const same = byLabel.get(label) ?? [];
      const holder = same.findLast(({ state }) => state !== 'ABORTED');
      if (holder !== undefined) return { heldBy: holder };
      const begun: Transaction = {
        id: ++lastId,
        label,
        table,
        backend,
        begunAt: now(),
        expiresAt: now() + timeout,
        state: 'PREPARE',
        rows: [],
        finishedAt: 0,
      };
      byLabel.set(label, [...same, begun]);
      return { begun };
    },
    latest: (label) => {
      sweep();
      return byLabel.get(label)?.at(-1);
    },
    find: (id) => [...byLabel.values()].flat().find((transaction) => transaction.id === id),
    precommit: (transaction, rows) => {
      if (transaction.state !== 'PREPARE' || !isKnown(transaction)) return false;
      transaction.state = 'PRECOMMITTED';
      transaction.rows = rows;
      return true;
    },
    commit: (transaction, rows) => {
      if ((transaction.state !== 'PREPARE' && transaction.state !== 'PRECOMMITTED') || !isKnown(transaction)) return false;
      transaction.state = 'COMMITTED';
      transaction.rows = rows;
      return true;
    },
    publish: (transaction) => {
      if (transaction.state === 'COMMITTED') finish(transaction, 'VISIBLE');
    },
    abort: (transaction) => {
      if (transaction.state === 'PREPARE') finish(transaction, 'ABORTED');
    },
    expire: (transaction) => {
      if (transaction.state === 'PRECOMMITTED') finish(transaction, 'ABORTED');
    },
    prepared: () => [...byLabel.values()].flat().filter(({ state }) => state === 'PREPARE'),
    lose: (transaction) => {
      transaction.state = 'ABORTED';
      forget(transaction);
    },
    crowdOut: () => {
      lastId += threshold;
      forgetWhere(({ finishedAt }) => now() - finishedAt > crowdedOutAfter);
    },
  };
}
