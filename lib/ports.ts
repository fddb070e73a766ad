import type { Deadline } from './deadline.ts';
import type { Label } from './plan/label.ts';

/** A Doris table: where rows go. */
export interface Target {
  readonly database: string;
  readonly table: string;
}

/** The rows of one Stream Load: newline-delimited JSON objects, one a line, no empty line. */
export interface Load {
  readonly label: Label;
  readonly target: Target;
  /** Number of rows in `body`, at least 1. */
  readonly rows: number;
  /** Pieces of the body in order; together they are the bytes on the wire. The same load always has the same bytes. */
  readonly body: readonly Uint8Array[];
  /** Asked before every request that may start the load on a server. `false`: it is somebody else's now, and no request goes out. */
  mayStart(): Promise<boolean>;
}

/** Why Doris refused the rows of a load, as far as it says. */
export interface Rejection {
  /** The first reason text of Doris, without the row itself where that can be told apart. Never empty. */
  readonly reason: string;
  readonly errorUrl?: string;
  /** Doris's own counts. `total` may be less than the rows sent: it stops after about 50 bad rows (reference 9.13). */
  readonly counted: { readonly total: number; readonly filtered: number };
}

/**
 * What became of a load, after every retry that the deadline and the attempt limit allow. A closed set; each kind has one consequence:
 * - `committed`: durable in Doris (visible now or soon), by this load or by an earlier attempt under the same label. Advance.
 * - `rejected-data`: Doris refused rows, and the label's transaction was seen ABORTED. The only kind that may ever blame rows. Isolate.
 * - `rejected-config`: table, column, privilege, password, label syntax. Nothing is stored; a person has to act. Wait, never dead-letter.
 * - `overload`: Doris pushes back (versions, memory, running transactions, 429). Nothing is stored. Wait long.
 * - `unavailable`: nobody could take the load (no backend, refused connection, 5xx before any effect). Wait.
 * - `running`: a transaction with this label is still open. Ask again later, same label.
 * - `unknown`: stored or not, it cannot be told yet (lost or garbled reply, a Fail around commit). Resolve under the same label.
 */
export type LoadOutcome = {
  /** PUTs that reached, or may have reached, a server. */
  readonly attempts: number;
} & (
  | { readonly kind: 'committed'; readonly how: 'loaded' | 'publish-timeout' | 'already-loaded'; readonly txnId?: number }
  | { readonly kind: 'rejected-data'; readonly rejection: Rejection; readonly txnId?: number }
  | { readonly kind: 'rejected-config' | 'overload' | 'unavailable' | 'running' | 'unknown'; readonly reason: string }
);

/** A label's state as `get_load_state` tells it. `unknown`: never used, or forgotten. `unreachable`: nobody answered; nothing is known. */
export type LabelState =
  | { readonly kind: 'unknown' | 'prepare' | 'precommitted' | 'committed' | 'visible' | 'aborted' }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Doris, as far as a loader needs it. */
export interface Doris {
  /**
   * Loads rows under their label, retrying under the same label within the deadline.
   * @throws {ContractViolation} when Doris says Success but echoes another label, applied group commit, filtered rows, or counts other rows than were sent.
   */
  load(load: Load, deadline: Deadline): Promise<LoadOutcome>;
  /** Asks once per frontend, within the deadline. */
  labelState(database: string, label: Label, deadline: Deadline): Promise<LabelState>;
}
