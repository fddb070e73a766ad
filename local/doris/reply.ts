import type { Behaviour } from './behaviour.ts';
import type { Reply } from './call.ts';
import { messageOf, type Refusal } from './refusal.ts';

/** Rows and bytes of one load as the reply counts them. */
export interface LoadCounts {
  readonly total: number;
  readonly loaded: number;
  readonly filtered: number;
  readonly unselected: number;
  /** As received, so compressed bytes of a compressed body. */
  readonly bytes: number;
}

/** Milliseconds that the parts of a load took. */
export interface LoadTimes {
  readonly load: number;
  readonly begin: number;
  readonly put: number;
  readonly read: number;
  readonly write: number;
  readonly receive: number;
  readonly commit: number;
}

/** How a load ended. */
export type LoadEnd =
  | { readonly kind: 'success' }
  | { readonly kind: 'publish-timeout' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Any text of Doris's, from a fault. */
  | { readonly kind: 'fail'; readonly message: string };

/** All that the reply tells. */
export interface LoadReport {
  readonly txnId: number;
  readonly label: string;
  readonly comment: string;
  readonly twoPhase: boolean;
  readonly groupCommit: boolean;
  readonly end: LoadEnd;
  readonly counts: LoadCounts;
  readonly times: LoadTimes;
  /** `''` for none. */
  readonly errorUrl: string;
  /** `''` for none. */
  readonly firstError: string;
}

const PUBLISH_TIMEOUT = '[PUBLISH_TIMEOUT]TStatus: transaction commit successfully, BUT data will be visible later';

/** Doris's load reply: pretty-printed, always HTTP 200, field for field as reference 3 lists them. */
export function renderLoadReply(report: LoadReport, behaviour: Behaviour): Reply {
  const fields = [identity(report), verdict(report.end), counts(report), times(report, behaviour), errors(report, behaviour)];
  return backendJson(Object.assign({}, ...fields));
}

/** The BE's way of writing JSON. The Content-Type is libevent's default (not verified). */
export function backendJson(value: unknown): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'text/html; charset=ISO-8859-1' },
    body: `${JSON.stringify(value, null, 4)}\n`,
  };
}

function identity({ txnId, label, comment, twoPhase, groupCommit }: LoadReport): object {
  const kind = groupCommit ? { GroupCommit: true } : { TwoPhaseCommit: String(twoPhase) };
  return { TxnId: txnId, Label: label, Comment: comment, ...kind };
}

function verdict(end: LoadEnd): object {
  switch (end.kind) {
    case 'success':
      return { Status: 'Success', Message: 'OK' };
    case 'publish-timeout':
      return { Status: 'Publish Timeout', Message: PUBLISH_TIMEOUT };
    case 'fail':
      return { Status: 'Fail', Message: end.message };
    case 'refused': {
      const Message = messageOf(end.refusal);
      const { existingJobStatus } = end.refusal;
      if (existingJobStatus === undefined) return { Status: 'Fail', Message };
      return { Status: 'Label Already Exists', ExistingJobStatus: existingJobStatus, Message };
    }
    default:
      return end satisfies never;
  }
}

function counts({ counts: { total, loaded, filtered, unselected, bytes }, end }: LoadReport): object {
  const stored = end.kind === 'success' || end.kind === 'publish-timeout';
  return {
    NumberTotalRows: total,
    NumberLoadedRows: stored ? loaded : 0,
    NumberFilteredRows: filtered,
    NumberUnselectedRows: unselected,
    LoadBytes: bytes,
  };
}

function times({ times: spent, groupCommit }: LoadReport, { receiveDataTime }: Behaviour): object {
  return {
    LoadTimeMs: spent.load,
    ...(groupCommit ? {} : { BeginTxnTimeMs: spent.begin }),
    StreamLoadPutTimeMs: spent.put,
    ReadDataTimeMs: spent.read,
    WriteDataTimeMs: spent.write,
    ...(receiveDataTime ? { ReceiveDataTimeMs: spent.receive } : {}),
    ...(groupCommit ? {} : { CommitAndPublishTimeMs: spent.commit }),
  };
}

function errors({ errorUrl, firstError, end }: LoadReport, { firstErrorMsg }: Behaviour): object {
  const failed = end.kind === 'fail' || end.kind === 'refused';
  return {
    ...(errorUrl === '' ? {} : { ErrorURL: errorUrl }),
    ...(firstErrorMsg && failed && firstError !== '' ? { FirstErrorMsg: firstError } : {}),
  };
}
