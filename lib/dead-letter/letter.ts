import type { Label } from '../plan/label.ts';
import type { Fault, SourceRecord, SourceShard } from '../source/record.ts';
import type { EpochMillis } from '../units.ts';

/** A record that can never load, with all that is known about why. */
export interface DeadLetter {
  readonly fault: Fault;
  readonly source: SourceShard;
  readonly record: SourceRecord;
  /** `database.table`, or `-`. */
  readonly target: string;
  /** The load that Doris refused, or of which nothing tells any more whether it is stored; absent when there was none. */
  readonly label?: Label;
  readonly failedAt: EpochMillis;
  /** Attempts of that load. */
  readonly attempts?: number;
  /** Names of the position columns that the rows of that load carry, where it may be stored. */
  readonly columns?: string;
}

/** Where dead letters go. */
export interface DeadLetters {
  /**
   * Resolves only when every letter has been accepted; a letter may then be there more than once.
   * @throws {DeadLettersUnavailable} when one was not accepted in time; some may have been.
   */
  send(letters: readonly DeadLetter[]): Promise<void>;
}

/** The queue or the bucket did not take a letter. The record must not leave its source. */
export class DeadLettersUnavailable extends Error {
  override readonly name = 'DeadLettersUnavailable';
}
