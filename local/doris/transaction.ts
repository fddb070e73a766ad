/** The states of reference 4 and 5; UNKNOWN is no state but the lack of a transaction. */
type TransactionState = 'PREPARE' | 'PRECOMMITTED' | 'COMMITTED' | 'VISIBLE' | 'ABORTED';

/** One load transaction; times in ms since the epoch. */
export interface Transaction {
  readonly txnId: number;
  readonly label: string;
  readonly database: string;
  /** `''` for an INSERT, which the server does not read. */
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

/** True from PREPARE until publishing has ended. */
export function isRunning({ state }: Transaction): boolean {
  return state !== 'VISIBLE' && state !== 'ABORTED';
}
