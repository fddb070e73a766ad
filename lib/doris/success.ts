import type { Load, LoadMode } from '../ports.ts';
import { count, type Fields, text, txnId } from './fields.ts';
import type { Setback, Verdict } from './verdict.ts';
import { wording } from './wording.ts';

/** What the reply has to be about. */
export type Sent = Pick<Load, 'label' | 'rows'>;

/** Judges a backend's Success, or Publish Timeout: whether it is about what was sent, in the mode in which it was sent. */
export function succeeded(how: 'loaded' | 'publish-timeout', fields: Fields, sent: Sent, mode: LoadMode): Verdict {
  return mode === 'group-commit-may-duplicate' ? withoutLabel(fields, sent) : underLabel(how, fields, sent, mode);
}

function underLabel(how: 'loaded' | 'publish-timeout', fields: Fields, sent: Sent, mode: 'labelled' | 'two-phase'): Verdict {
  const label = text(fields['Label']);
  const loaded = count(fields['NumberLoadedRows']);
  // Without them nothing ties the word Success to this load; the label's state will tell.
  if (label === undefined || loaded === undefined) return unknown('the reply reports success without label or row count');
  const heldBack = String(fields['TwoPhaseCommit']) === 'true';
  const own = [
    ...(label === sent.label ? [] : [`label ${wording(label)} is echoed`]),
    ...(heldBack || mode === 'labelled' ? [] : ['its rows are visible at once, without two-phase commit']),
  ];
  const other = otherRows(fields, loaded, sent);
  if (own.length + other.length > 0) {
    const isOther = isGrouped(fields) || (label === sent.label && other.length > 0);
    return { kind: 'breach', what: [...own, ...other].join(', '), leaves: leftBehind(heldBack, isOther) };
  }
  return heldBack ? { kind: 'precommitted', txnId: txnId(fields) } : { kind: 'committed', how, txnId: txnId(fields) };
}

/** How what is stored differs from what was sent, if the reply is about that. */
function otherRows(fields: Fields, loaded: number, sent: Sent): readonly string[] {
  return [
    ...(isGrouped(fields) ? ['group commit was applied'] : []),
    ...(loaded === sent.rows ? [] : [`${loaded} of ${sent.rows} rows are counted as loaded`]),
    ...excess('filtered', count(fields['NumberFilteredRows'])),
    ...excess('unselected', count(fields['NumberUnselectedRows'])),
  ];
}

function leftBehind(heldBack: boolean, isOther: boolean): 'held back' | 'other rows' | 'by label' {
  if (heldBack) return 'held back';
  return isOther ? 'other rows' : 'by label';
}

/**
 * Group commit keeps the good rows of a load whose bad ones it filters (reference 3.2). The bad ones have to be found, and the good ones are
 * loaded again with them.
 */
function withoutLabel(fields: Fields, sent: Sent): Verdict {
  const loaded = count(fields['NumberLoadedRows']);
  const filtered = count(fields['NumberFilteredRows']) ?? 0;
  if (loaded === undefined) return unknown('the reply reports success without row count');
  const what = [
    ...(loaded + filtered === sent.rows ? [] : [`${loaded} of ${sent.rows} rows are counted as loaded, ${filtered} as filtered`]),
    ...excess('unselected', count(fields['NumberUnselectedRows'])),
  ];
  if (what.length > 0) return { kind: 'breach', what: what.join(', '), leaves: 'by label' };
  if (filtered === 0)
    return { kind: 'committed', how: isGrouped(fields) && isOfDoris(fields) ? 'grouped' : 'not-grouped', txnId: txnId(fields) };
  return {
    kind: 'rejected-data',
    firstError: text(fields['FirstErrorMsg']),
    errorUrl: text(fields['ErrorURL']),
    message: `${filtered} of ${sent.rows} rows were filtered; the others are stored`,
    counted: { total: sent.rows, filtered },
    txnId: txnId(fields),
  };
}

function isGrouped(fields: Fields): boolean {
  return String(fields['GroupCommit']) === 'true';
}

/** Where no label was sent, Doris names one of its own making. */
function isOfDoris(fields: Fields): boolean {
  return (text(fields['Label']) ?? '').startsWith('group_commit_');
}

function excess(how: string, rows: number | undefined): readonly string[] {
  return rows === undefined || rows === 0 ? [] : [`${rows} rows are ${how}`];
}

function unknown(reason: string): Setback {
  return { kind: 'unknown', reason };
}
