import type { Deadline } from '../deadline.ts';
import type { LabelState, Load, Target } from '../ports.ts';
import { askFrontend } from './ask-frontend.ts';
import { text } from './fields.ts';
import { askLabelState } from './label-state.ts';
import type { Line } from './line.ts';
import type { Answer } from './question.ts';
import { wording } from './wording.ts';

/** What came of a commit: the label's state after it, and what Doris said to it. */
export interface CommitEnd {
  readonly state: LabelState;
  readonly said: string;
}

/**
 * Tells Doris to make a precommitted load visible (reference 6), by its transaction where that is known: not every version finds it by label.
 * Twice does no harm. The words of the reply differ from version to version, so the label's state is asked whatever they are.
 */
export async function commitPrecommitted(
  { target, label }: Pick<Load, 'target' | 'label'>,
  txnId: number | undefined,
  deadline: Deadline,
  line: Line,
): Promise<CommitEnd> {
  // Ids of cloud mode outgrow a double after some months: a rounded one is the transaction of somebody else.
  const which = Number.isSafeInteger(txnId) ? { txn_id: String(txnId) } : { label };
  const { done, said } = await order(target, { ...which, txn_operation: 'commit' }, deadline, line);
  line.settings.onAttempt({ kind: 'commit', label, said });
  const state = await askLabelState(target.database, label, deadline, line);
  return { said, state: done && (state.kind === 'unreachable' || state.kind === 'unknown') ? { kind: 'committed' } : state };
}

/** Gives up what Doris holds back under a label, so that nobody makes it visible. When it cannot be reached, the rows stay held back. */
export async function abortPrecommitted({ target, label }: Pick<Load, 'target' | 'label'>, deadline: Deadline, line: Line): Promise<void> {
  await order(target, { label, txn_operation: 'abort' }, deadline, line);
}

interface Said {
  readonly done: boolean;
  readonly said: string;
}

async function order({ database, table }: Target, put: Readonly<Record<string, string>>, deadline: Deadline, line: Line): Promise<Said> {
  const path = `/api/${encodeURIComponent(database)}/${encodeURIComponent(table)}/_stream_load_2pc`;
  let last: Said = { done: false, said: 'no time left' };
  for (const frontend of line.frontends.inTurn()) {
    if (deadline.remaining() <= 0) break;
    const answer = await askFrontend(frontend, { path, put }, deadline.remaining(), line);
    last = read(answer);
    if (answer.kind === 'answer') break;
  }
  return last;
}

const DONE_BEFORE = /\bis already (visible|committed)\b/i;

function read(answer: Answer): Said {
  if (answer.kind === 'silent') return { done: false, said: answer.reason };
  const { status, msg } = fieldsOf(answer.text);
  const said = wording(text(msg) ?? '') || `HTTP ${answer.status}`;
  return { said, done: answer.status === 200 && (status === 'Success' || DONE_BEFORE.test(said)) };
}

function fieldsOf(body: string): { readonly status?: unknown; readonly msg?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
