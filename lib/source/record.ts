import type { EpochMillis } from '../units.ts';
import type { Position } from './position.ts';
import type { Slice } from './slice.ts';

/** One part of a source: a Kinesis shard, or a partition of an Iggy topic. */
export type SourceShard = KinesisShard | IggyPartition;

/** A shard of a Kinesis stream, which is ordered. */
export interface KinesisShard {
  readonly kind: 'kinesis';
  /** The stream's ARN, without a consumer suffix: one stream has one identity however it is read. */
  readonly stream: string;
  /** The stream's name, for people. */
  readonly streamName: string;
  readonly shard: string;
}

/** A partition of an Iggy topic, whose messages come in any order by way of SQS. */
export interface IggyPartition {
  readonly kind: 'iggy';
  /** `stream/topic`, for people: both may hold any character, so two topics may share it. */
  readonly stream: string;
  /** Stream and topic as the connector is configured to name them: a name or a numeric id. */
  readonly streamName: string;
  readonly topicName: string;
  /** The partition's number; of a body without metadata, the message that brought it. */
  readonly shard: string;
}

/** What an Iggy message is known by besides its offset, which starts again at 0 when its topic is purged. */
interface IggyIdentity {
  /** 32 hex digits; producers need not keep ids unique. */
  readonly id: string;
  /** When the server took it, in microseconds since 1970, digit for digit. */
  readonly timestamp: string;
}

/** One message of the source. */
export interface SourceRecord {
  readonly position: Position;
  /** What a partial-failure response names: the sequence number, which user records of one aggregate share; the id of the SQS message. */
  readonly itemIdentifier: string;
  readonly partitionKey?: string;
  /** Of a message of Iggy, and only of one. */
  readonly iggy?: IggyIdentity;
  readonly arrivedAt: EpochMillis;
  /** The bytes that the producer sent, after base64 and KPL framing, before decompression. */
  readonly payload: Slice;
}

/** Why a record can never load. */
export interface Fault {
  readonly errorClass: 'decode' | 'oversize' | 'unroutable' | 'data-quality' | 'unverifiable' | 'contract';
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
  readonly line: Slice;
  /** Whether a line end stands behind the line in the same memory, as its own. */
  readonly isTerminated?: true;
  /** The scalar top-level fields that routes ask for, for routing only; numbers may have lost digits. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

/** A record that can never load. */
export interface PoisonRow {
  readonly kind: 'poison';
  readonly record: SourceRecord;
  readonly fault: Fault;
}

export type DecodedRecord = Row | PoisonRow;

/** Whether a record is ready for Doris. */
export function isRow(record: DecodedRecord): record is Row {
  return record.kind === 'row';
}

/** What one invocation brings for one source shard: of Kinesis in order of position, each position once; of Iggy one message's, as it has them. */
export interface Batch {
  readonly source: SourceShard;
  readonly records: readonly DecodedRecord[];
  /** Item identifier of the first record that was left undecoded because the batch would outgrow memory; it has to come again. */
  readonly leftFrom?: string;
  /** Records that came twice in the event with the same bytes; the second is dropped. */
  readonly duplicates: number;
}
