import type { Deadline } from './deadline.ts';
import type { Label } from './plan/label.ts';
import type { Bytes, EpochMillis } from './units.ts';

/** A Doris table: where rows go. */
export interface Target {
  readonly database: string;
  readonly table: string;
}

/**
 * How loads are put, and what Doris can be asked of one whose outcome is not known.
 * - `labelled`: under a label that tells what became of it. Its rows are visible once Doris has them.
 * - `two-phase`: the same, but its rows are invisible until the ledger has the load.
 * - `group-commit-may-duplicate`: without a label, in a transaction of many loads. A lost reply means that it is put again: rows may be stored
 *   more than once.
 */
export type LoadMode = 'labelled' | 'two-phase' | 'group-commit-may-duplicate';

/** The rows of one Stream Load: newline-delimited JSON objects, one a line, no empty line. */
export interface Load {
  readonly label: Label;
  readonly target: Target;
  /** Number of rows in `body`, at least 1. */
  readonly rows: number;
  /** Pieces of the body in order. The same load always has the same bytes. */
  readonly body: readonly Uint8Array[];
  /** Whether it may go packed where that is set: not when Doris has refused a load with these rows, since only an unpacked one tells which are bad. */
  readonly mayPack: boolean;
  /** Asked before every request that may start the load on a server. `false`: it is somebody else's now, and no request goes out. */
  mayStart(): Promise<boolean>;
  /** Asked before rows that Doris holds back are made visible. `false`: it is somebody else's now, and they stay as they are. */
  mayCommit(): Promise<boolean>;
  /** An attempt of an earlier invocation may be stored: what became of the label is asked before anything is put. */
  readonly inDoubt: boolean;
  /**
   * Asked before a load in doubt is put again although Doris does not say that it stored nothing. `asked`: when it was asked for a label that
   * it does not know; absent when nobody answered.
   */
  wouldBeKnown(asked?: EpochMillis): Promise<Memory>;
}

/**
 * Whether Doris would know a label now, had it stored the load. Labels are forgotten, by age and by the number of later transactions.
 * - `young`: it would, and will for as long as an attempt takes.
 * - `certain`: it would now, so a label that was unknown before the question proves that nothing is stored.
 * - `doubtful`: it may have forgotten the label.
 * - `untold`: Doris does not answer what would tell; ask later.
 */
export type Memory = 'young' | 'certain' | 'doubtful' | 'untold';

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
 * - `unverifiable`: stored or not, the label cannot tell any more: Doris does not know it and may have forgotten it.
 */
export type LoadOutcome = {
  /** PUTs that reached, or may have reached, a server. */
  readonly attempts: number;
  /** Absent when nothing was packed, and when rows are bad in either form. */
  readonly packing?: Packing;
} & (
  | { readonly kind: 'committed'; readonly how: CommittedHow; readonly txnId?: number }
  | { readonly kind: 'rejected-data'; readonly rejection: Rejection; readonly txnId?: number }
  | { readonly kind: 'rejected-config' | 'overload' | 'unavailable' | 'running' | 'unknown' | 'unverifiable'; readonly reason: string }
);

/**
 * How a load was packed. `refused`: Doris refused the packed body for that reason, so that the outcome is that of the same rows unpacked, and no
 * more is packed by this client.
 */
export type Packing = { readonly kind: 'packed'; readonly bytes: Bytes } | { readonly kind: 'refused'; readonly reason: string };

/**
 * How a load came to be durable.
 * - `loaded`: it was seen visible.
 * - `publish-timeout`: it becomes visible soon.
 * - `already-loaded`: by an earlier attempt.
 * - `grouped`: by group commit, without a label.
 * - `not-grouped`: without a label too, but in a transaction of its own, which is not what was asked for.
 */
export type CommittedHow = 'loaded' | 'publish-timeout' | 'already-loaded' | 'grouped' | 'not-grouped';

/** A label's state as `get_load_state` tells it. `unknown`: never used, or forgotten. `unreachable`: nobody answered; nothing is known. */
export type LabelState =
  | { readonly kind: 'unknown' | 'prepare' | 'precommitted' | 'committed' | 'visible' | 'aborted' }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Doris, as far as a loader needs it. */
export interface Doris {
  readonly mode: LoadMode;
  /**
   * Loads rows, retrying within the deadline, under the same label in every mode that has one.
   * @throws {ContractViolation} when Doris says Success but echoes another label, stored the rows in another mode, filtered rows, or counts other rows than were sent.
   */
  load(load: Load, deadline: Deadline): Promise<LoadOutcome>;
  /** Asks once per frontend, within the deadline. */
  labelState(database: string, label: Label, deadline: Deadline): Promise<LabelState>;
  /** Makes a load visible that is precommitted under its label, and tells the label's state after that. */
  commit(target: Target, label: Label, deadline: Deadline): Promise<LabelState>;
  /**
   * Label of the last settled load that this client saw become visible in a database: Doris forgets it before any label that ends later. One
   * that is not settled may be loaded again, and be known again, when others are forgotten.
   */
  witness(database: string): Label | undefined;
  /** Nobody will put this label again. It is a witness from now on when this client saw its load become visible. */
  settled(database: string, label: Label): void;
  /** Begins a transaction that Doris aborts at once: its id is higher than that of any that began before. Stores nothing. */
  newestTransaction(target: Target, deadline: Deadline): Promise<Told<number>>;
  /** How a table treats rows of equal keys. */
  tableModel(target: Target, deadline: Deadline): Promise<Told<TableModel>>;
  /** Rows of a table that carry a position of the span. */
  countRows(target: Target, span: Span, deadline: Deadline): Promise<Told<number>>;
}

/** What a question to Doris brought: an answer, one that does not hold what was asked for, or none. */
export type Told<T> = { readonly kind: 'told'; readonly value: T } | { readonly kind: 'refused' | 'unreachable'; readonly reason: string };

/** `duplicate` keeps every row, `unique` the last of a key, `aggregate` merges them. */
export type TableModel = 'duplicate' | 'unique' | 'aggregate';

/** Rows by where they came from: each column holds the value, the position column one from `first` to `last`. */
export interface Span {
  readonly source: ColumnValue;
  readonly shard: ColumnValue;
  readonly position: { readonly column: string; readonly first: string; readonly last: string };
  /** Rows after which counting may stop. */
  readonly atMost?: number;
}

/** Rows of a span, and the different positions that they carry. */
export interface PositionCount {
  readonly rows: number;
  readonly distinct: number;
}

interface ColumnValue {
  readonly column: string;
  readonly value: string;
}
