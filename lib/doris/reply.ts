import type { IncomingHttpHeaders } from 'node:http';
import type { LoadMode } from '../ports.ts';
import { count, type Fields, text, txnId } from './fields.ts';
import { unpacked } from './packed.ts';
import { type Sent, succeeded } from './success.ts';
import { meaningOf, withAdvice } from './texts.ts';
import type { Setback, Verdict } from './verdict.ts';
import { wording } from './wording.ts';

/** A reply as it came. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  /** The body was longer than anybody would read. */
  readonly cut: boolean;
  /** Bytes of the load's body may have left before the reply came. */
  readonly bodyBegun: boolean;
  /** It came from where a frontend is, which sent nobody on to a backend. */
  readonly atFrontend?: boolean;
}

const LONGEST_UNPACKED = 1024 * 1024;

/** Judges a reply to a Stream Load: any status, any body, exactly one verdict. Only a well-formed 200 can mean success. */
export function judge(reply: Reply, sent: Sent, mode: LoadMode): Verdict {
  if (reply.status !== 200) return judgeStatus(reply);
  if (reply.cut) return unintelligible('the reply is longer than 1 MiB', reply);
  const fields = parse(reply);
  if (fields === undefined) {
    const type = wording(reply.headers['content-type'] ?? '') || 'none';
    return unintelligible(`the reply is no JSON object (content type ${type})`, reply);
  }
  if (typeof fields['Status'] === 'string') return judgeLoad(fields['Status'], { fields, sent, mode, reply });
  if (typeof fields['status'] === 'string' || typeof fields['code'] === 'number') return judgeFrontend(fields, reply);
  return unintelligible('the reply has none of the shapes that Doris uses', reply);
}

/** Doris answers a load with 200 whatever happens; another status comes from a proxy, a wrong address, or a server in trouble. */
function judgeStatus(reply: Reply): Setback {
  const { status } = reply;
  const reason = `HTTP ${status}`;
  if (status === 429) return { kind: 'overload', reason };
  if (status === 408 || status === 425 || status >= 500) return unintelligible(reason, reply);
  if (status >= 400) return { kind: 'rejected-config', reason };
  if (status >= 300) return { kind: 'rejected-config', reason: `${reason}: only the redirects 307 and 308 keep a PUT what it is` };
  return unintelligible(reason, reply);
}

interface Report {
  readonly fields: Fields;
  readonly sent: Sent;
  readonly mode: LoadMode;
  readonly reply: Reply;
}

/** The backend's report on the load (reference 3). */
function judgeLoad(status: string, report: Report): Verdict {
  const { fields, sent, mode } = report;
  switch (status) {
    case 'Success':
      return succeeded('loaded', fields, sent, mode);
    case 'Publish Timeout':
      return succeeded('publish-timeout', fields, sent, mode);
    case 'Label Already Exists':
      return existing(fields, sent, mode);
    case 'Fail':
      return failed(report);
    default:
      return unknown(`Doris reports a status that is not known: ${wording(status)}`);
  }
}

function existing(fields: Fields, sent: Sent, mode: LoadMode): Verdict {
  const message = text(fields['Message']) ?? '';
  const job = text(fields['ExistingJobStatus']) ?? '';
  if (!echoes(fields, sent, mode)) return unknown('the reply is about another label');
  switch (job) {
    case 'FINISHED':
      return { kind: 'committed', how: 'already-loaded', txnId: holderIn(message) };
    case 'PRECOMMITTED':
      return { kind: 'precommitted', txnId: holderIn(message) };
    case 'RUNNING':
      return { kind: 'running', reason: `another transaction holds the label: ${job}` };
    default:
      // Cloud mode names no job status (reference 3.1).
      return unknown(`the label exists, its transaction's state is not told (${wording(job) || 'empty'})`);
  }
}

/** The transaction that holds the label. */
function holderIn(message: string): number | undefined {
  const holder = /relate to txn \[(\d{1,18})\]/.exec(message)?.[1];
  return holder === undefined ? undefined : Number(holder);
}

function failed({ fields, sent, mode, reply }: Report): Verdict {
  const message = text(fields['Message']) ?? '';
  const meaning = meaningOf(message);
  const reason = withAdvice(wording(message)) || 'Doris reports Fail without a message';
  if (meaning !== 'rejected-data') {
    const setback = meaning === undefined || meaning === 'ambiguous' ? unintelligible(reason, reply) : { kind: meaning, reason };
    return { ...setback, ...(count(fields['TxnId']) === -1 ? { nothingBegun: true } : {}) };
  }
  // A reply about other rows must never blame these.
  if (!echoes(fields, sent, mode)) return unknown('the reply is about another label');
  return {
    kind: 'rejected-data',
    firstError: text(fields['FirstErrorMsg']),
    errorUrl: text(fields['ErrorURL']),
    message: reason,
    counted: { total: count(fields['NumberTotalRows']) ?? 0, filtered: count(fields['NumberFilteredRows']) ?? 0 },
    txnId: txnId(fields),
  };
}

/**
 * The frontend's two shapes, `{status, msg}` and `{msg, code, data, count}` (reference 1.1). It stores nothing itself: where
 * it is, a refusal is one though a proxy took the body first, and before any body byte left even a text that nobody has described is one.
 */
function judgeFrontend(fields: Fields, reply: Reply): Setback {
  const said = [text(fields['msg']), text(fields['data'])].filter((part) => part !== undefined).join(': ');
  const code = count(fields['code']);
  const reason = `frontend: ${withAdvice(wording(said)) || 'no reason given'}${code === undefined ? '' : ` (code ${code})`}`;
  if (fields['status'] === 'OK' || code === 0) return unintelligible(`${reason}, which is no answer to a load`, reply);
  const nothing = reply.atFrontend ? { nothingBegun: true as const } : {};
  if (code === 401 || code === 403 || code === 404) return { kind: 'rejected-config', reason, ...nothing };
  const meaning = meaningOf(said);
  // Rows are refused by backends alone.
  if (meaning === undefined || meaning === 'ambiguous' || meaning === 'rejected-data') return unintelligible(reason, reply);
  return { kind: meaning, reason, ...nothing };
}

/** The id of the transaction that a backend's report is about; undefined when it names none. */
export function transactionIn(reply: Reply): number | undefined {
  const fields = reply.status === 200 ? parse(reply) : undefined;
  return fields === undefined ? undefined : txnId(fields);
}

function parse(reply: Reply): Fields | undefined {
  try {
    const body = unpacked(reply.body, reply.headers, LONGEST_UNPACKED);
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Where no label was sent, Doris names one of its own making. */
function echoes(fields: Fields, sent: Sent, mode: LoadMode): boolean {
  if (mode === 'group-commit-may-duplicate') return true;
  const label = text(fields['Label']) ?? '';
  return label === '' || label === sent.label;
}

/** An answer that tells nothing of the load. Without any of its body nobody can have stored it. */
function unintelligible(reason: string, { bodyBegun }: Reply): Setback {
  return { kind: bodyBegun ? 'unknown' : 'unavailable', reason };
}

function unknown(reason: string): Setback {
  return { kind: 'unknown', reason };
}
