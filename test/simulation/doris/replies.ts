import type { Transaction } from './transactions.ts';

/** Row counts of a load. */
export interface Counts {
  readonly total: number;
  readonly loaded: number;
  readonly filtered: number;
}

const NONE: Counts = { total: 0, loaded: 0, filtered: 0 };

/** The backend's report on a load (reference 3). */
export function loadReport(label: string, txnId: number, verdict: Readonly<Record<string, unknown>>, counts: Counts = NONE): string {
  const report = {
    TxnId: txnId,
    Label: label,
    Comment: '',
    TwoPhaseCommit: 'false',
    ...verdict,
    NumberTotalRows: counts.total,
    NumberLoadedRows: counts.loaded,
    NumberFilteredRows: counts.filtered,
    NumberUnselectedRows: 0,
    LoadBytes: 0,
    LoadTimeMs: 0,
  };
  return `${JSON.stringify(report, null, 4)}\n`;
}

/** Committed and visible. */
export const SUCCESS = { Status: 'Success', Message: 'OK' };

/** Committed, visible later. */
export const PUBLISH_TIMEOUT = {
  Status: 'Publish Timeout',
  Message: '[PUBLISH_TIMEOUT]TStatus: errCode = 2, detailMessage = transaction commit successfully, BUT data will be visible later',
};

/** Any failure. */
export function failure(message: string): Readonly<Record<string, unknown>> {
  return { Status: 'Fail', Message: message };
}

/** Held back until it is committed. */
export const PRECOMMITTED = { ...SUCCESS, TwoPhaseCommit: 'true' };

/** How the state of a transaction that holds a label is told; an aborted one never does. */
const JOB_STATUS = { PREPARE: 'RUNNING', PRECOMMITTED: 'PRECOMMITTED', COMMITTED: 'FINISHED', VISIBLE: 'FINISHED', ABORTED: '' } as const;

/** Another transaction holds the label. */
export function labelExists({ id, label, state }: Transaction): Readonly<Record<string, unknown>> {
  return {
    Status: 'Label Already Exists',
    ExistingJobStatus: JOB_STATUS[state],
    Message: `[LABEL_ALREADY_EXISTS]TStatus: errCode = 2, detailMessage = Label [${label}] has already been used, relate to txn [${id}]`,
  };
}

/** The frontend's answer to a question. */
export function frontendAnswer(data: unknown, code = 0): string {
  return JSON.stringify({ msg: code === 0 ? 'success' : 'Error', code, data, count: 0 });
}

export const NO_BACKEND = JSON.stringify({ status: 'FAILED', msg: 'No backend load available., policy: null' });
