import type { Redriven } from '../ledger/checkpoint.ts';
import type { Label } from '../plan/label.ts';
import type { Position } from '../source/position.ts';
import type { SourceRecord, SourceShard } from '../source/record.ts';
import type { EpochMillis } from '../units.ts';

/** Names one redriven record: however many letters it has, and whenever they come, it is loaded once. */
export interface LetterKey {
  /** The label prefix: loaders that share a ledger table do not share progress. */
  readonly loader: string;
  readonly source: SourceShard;
  /** `database.table`. */
  readonly target: string;
  readonly position: Position;
  /** Of a message of Iggy: an offset names a message for a while only. */
  readonly iggy?: SourceRecord['iggy'];
}

/**
 * What the ledger knows of a record.
 * - `new`: nobody has redriven it. - `bound`: it belongs to the load of that name, and its fate is the load's.
 * - `stored`, `free`: its own fate was found out after its load's could not be told any more; `load` is that load.
 */
export type LetterState = { readonly kind: 'new' } | RedrivenState;

/** What it knows of a record that somebody has redriven. */
export interface RedrivenState {
  readonly kind: 'bound' | 'stored' | 'free';
  readonly load: string;
}

/** One Stream Load of redriven records, written down before any record is bound to it and before its first attempt. */
export type RedriveLoad = WrittenLoad & LoadState;

/**
 * What is known of it.
 * - `open`: in doubt. - `stored`: in Doris, and so is each record bound to it. - `void`: surely not, and no attempt will start any more.
 * - `contradicted`: Doris reported success for something else than was sent. Its label passes for stored, so that a person has to tell.
 */
export type LoadState = { readonly state: 'open' | 'stored' | 'void' } | { readonly state: 'contradicted'; readonly reason: string };

interface WrittenLoad {
  readonly label: Label;
  readonly rows: number;
  /** Nobody starts an attempt after this moment. */
  readonly deadline: EpochMillis;
  readonly claimedAt: EpochMillis;
  /** Drawn at random for every write, so that a writer knows its own again after a lost reply. */
  readonly fence: number;
  /** Label of a load into the same database that was visible before. */
  readonly witness?: Label;
  /** Names of the position columns that its rows carry; absent when they cannot be found by any. */
  readonly columns?: string;
}

/** Where a load stands in the ledger. Names are never used twice. */
export interface LoadKey {
  readonly loader: string;
  readonly source: SourceShard;
  readonly name: string;
}

/** Keeps what became of redriven records. Each call is one atomic, durable, strongly consistent step. */
export interface RedriveLedger extends Redriven {
  /** @throws {LedgerUnavailable} */
  letter(key: LetterKey): Promise<LetterState>;
  /** Binds a record to a load while it is as it was read, and not stored. @returns whether it is bound to that load now. @throws {LedgerUnavailable} */
  bind(key: LetterKey, seen: LetterState, load: string): Promise<boolean>;
  /** Writes down the fate of one record while it is still bound to the load. @throws {LedgerUnavailable} */
  decide(key: LetterKey, load: string, fate: 'stored' | 'free'): Promise<void>;
  /** @throws {LedgerUnavailable} */
  open(key: LoadKey, load: RedriveLoad): Promise<void>;
  /** @throws {LedgerUnavailable} @throws {ContractViolation} when there is none: a record is bound to it. */
  read(key: LoadKey): Promise<RedriveLoad>;
  /**
   * Writes an open load anew; with `expect`, only while nobody wrote it since that fence. @returns the load as it is now.
   * @throws {LedgerUnavailable}
   */
  write(key: LoadKey, load: RedriveLoad, expect?: number): Promise<RedriveLoad>;
}
