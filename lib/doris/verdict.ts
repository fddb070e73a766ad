import type { CommittedHow } from '../ports.ts';

/** What kept a load from being stored, or from being known to be stored. */
export interface Setback {
  readonly kind: 'rejected-config' | 'overload' | 'unavailable' | 'running' | 'unknown';
  readonly reason: string;
  /** A server says that no transaction was begun for this PUT: nothing is stored, whatever of the body has left (reference 1.1, 2.1). */
  readonly nothingBegun?: true;
}

/** Rows refused by Doris. The reason's parts come in the order in which they are worth telling. */
export interface RefusedRows {
  readonly kind: 'rejected-data';
  readonly firstError: string | undefined;
  readonly errorUrl: string | undefined;
  readonly message: string;
  readonly counted: { readonly total: number; readonly filtered: number };
  readonly txnId: number | undefined;
}

/**
 * What one PUT came to, judged by its own reply alone. `precommitted`: Doris has the rows and holds them back. `breach`: a Success that breaks
 * a rule, and leaves rows that are held back, something else than was sent, or what the label's state will tell.
 */
export type Verdict =
  | { readonly kind: 'committed'; readonly how: CommittedHow; readonly txnId: number | undefined }
  | { readonly kind: 'precommitted'; readonly txnId: number | undefined }
  | { readonly kind: 'breach'; readonly what: string; readonly leaves: 'held back' | 'other rows' | 'by label' }
  | RefusedRows
  | Setback;
