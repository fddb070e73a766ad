import type { EpochMillis } from '../units.ts';
import type { Position } from './position.ts';

/** One ordered part of a source: a Kinesis shard. */
export interface SourceShard {
  readonly kind: 'kinesis';
  /** The stream's ARN, without a consumer suffix: one stream has one identity however it is read. */
  readonly stream: string;
  /** The stream's name, for people. */
  readonly streamName: string;
  readonly shard: string;
}

/** One message of the source. */
export interface SourceRecord {
  readonly position: Position;
  /** What a partial-failure response names: the sequence number. User records of one aggregate share it. */
  readonly itemIdentifier: string;
  readonly partitionKey?: string;
  readonly arrivedAt: EpochMillis;
  /** The bytes that the producer sent, after base64 and KPL framing, before decompression. */
  readonly payload: Uint8Array;
}

/** Why a record can never load. */
export interface Fault {
  readonly errorClass: 'decode' | 'oversize' | 'unroutable' | 'data-quality' | 'unverifiable';
  /** One sentence for people; never the payload. */
  readonly reason: string;
  readonly errorUrl?: string;
}

/** A record that is one JSON object, ready for Doris. */
export interface Row {
  readonly kind: 'row';
  readonly record: SourceRecord;
  /**
   * The object's bytes as they came (decompressed, without byte order mark), in one line without its line end; with the members and
   * quotation marks that the settings add.
   */
  readonly line: Uint8Array;
  /** The scalar top-level fields that routes ask for, for routing only; numbers may have lost digits. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A record that can never load. */
export interface PoisonRow {
  readonly kind: 'poison';
  readonly record: SourceRecord;
  readonly fault: Fault;
}

export type DecodedRecord = Row | PoisonRow;

/** What one invocation brings for one source shard, in order of position, each position once. */
export interface Batch {
  readonly source: SourceShard;
  readonly records: readonly DecodedRecord[];
  /** Item identifier of the first record that was left undecoded because the batch would outgrow memory; it has to come again. */
  readonly leftFrom?: string;
  /** Records that came twice in the event with the same bytes; the second is dropped. */
  readonly duplicates: number;
}
