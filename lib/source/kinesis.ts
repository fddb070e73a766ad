import { ContractViolation } from '../errors.ts';
import { type Bytes, epochMillis } from '../units.ts';
import { type KinesisData, readKinesisData } from './kinesis-data.ts';
import { type KinesisEventRecord, readKinesisEvent } from './kinesis-event.ts';
import { deaggregate, type UserRecord } from './kpl.ts';
import { kinesisPosition } from './position.ts';
import type { Batch, DecodedRecord, Fault, KinesisShard, SourceRecord } from './record.ts';
import { heldBy, isGzip, type Reading, type RowRules, readLine, readRow } from './rows.ts';
import { addedMembers, type PositionColumns } from './splice.ts';
import { lineSplicer, type SpliceLine } from './splice-lines.ts';

/** How events become rows, and the limits of that. */
export interface DecodeRules extends RowRules {
  /** Unpacked bytes of one batch at which decoding stops; the rest of the batch has to come again. Bounds memory against compression. */
  readonly maxBatchBytes: Bytes;
  /** Columns that every row is given. Default none. */
  readonly positionColumns?: PositionColumns;
}

/**
 * Reads Lambda's Kinesis event: one batch a shard, records in order of their positions, each once.
 * Lambda delivers one shard an event; an event with several is read all the same, one batch each.
 * @throws {ContractViolation} when the event is not shaped as Lambda shapes it, or when a sequence number comes twice with different data.
 */
export function decodeKinesisEvent(event: unknown, rules: DecodeRules): Batch[] {
  const byShard = new Map<string, KinesisEventRecord[]>();
  let before: { readonly arn: string; readonly prefix: string; readonly records: KinesisEventRecord[] } | undefined;
  for (const record of readKinesisEvent(event)) {
    if (before === undefined || record.eventSourceARN !== before.arn || !record.eventID.startsWith(before.prefix)) {
      const key = `${streamArnOf(record)} ${shardOf(record)}`;
      const records = byShard.get(key) ?? [];
      byShard.set(key, records);
      before = { arn: record.eventSourceARN, prefix: `${shardOf(record)}:`, records };
    }
    before.records.push(record);
  }
  return [...byShard.values()].map((records) => decodeShard(records, rules));
}

/** A consumer of enhanced fan-out has an ARN below the stream's. */
function streamArnOf(record: KinesisEventRecord): string {
  return record.eventSourceARN.replace(/(:stream\/[^/]+)\/.*$/, '$1');
}

function shardOf(record: KinesisEventRecord): string {
  return record.eventID.slice(0, record.eventID.lastIndexOf(':'));
}

function decodeShard(records: readonly KinesisEventRecord[], { positionColumns, ...limits }: DecodeRules): Batch {
  const source = sourceOf(records);
  const rules = positionColumns === undefined ? limits : { ...limits, addedMembers: addedMembers(positionColumns, source) };
  const { distinct, duplicates } = inOrderOnce(records);
  const decoded: DecodedRecord[] = [];
  let size = 0;
  const all = readKinesisData(distinct, rules.longNumbers ?? 'keep');
  const spliceLine = lineSplicer(positionColumns ?? {}, source, all);
  for (const data of all) {
    if (size >= rules.maxBatchBytes) return { source, records: decoded, duplicates, leftFrom: data.record.kinesis.sequenceNumber };
    for (const reading of readRecord(data, rules, spliceLine)) {
      decoded.push(reading.decoded);
      size += heldBy(reading);
    }
  }
  return { source, records: decoded, duplicates };
}

function sourceOf(records: readonly KinesisEventRecord[]): KinesisShard {
  const [first] = records;
  if (first === undefined) throw new TypeError('a shard without records');
  const stream = streamArnOf(first);
  return { kind: 'kinesis', stream, streamName: stream.slice(stream.indexOf('/') + 1), shard: shardOf(first) };
}

/** Sequence numbers as numbers: the longer is the larger, and digits compare as text. */
function bySequenceNumber(a: KinesisEventRecord, b: KinesisEventRecord): number {
  const left = a.kinesis.sequenceNumber;
  const right = b.kinesis.sequenceNumber;
  if (left.length !== right.length) return left.length - right.length;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/**
 * A shard is ordered and a sequence number is unique in it, so the same number with the same bytes is the same record brought twice.
 * On a consumer of enhanced fan-out it may be something else: Lambda takes KPL aggregates apart there and gives their user records
 * one sequence number, and such twins cannot be told from duplicates.
 */
function inOrderOnce(records: readonly KinesisEventRecord[]): { distinct: readonly KinesisEventRecord[]; duplicates: number } {
  if (areRising(records)) return { distinct: records, duplicates: 0 };
  const ordered = records.toSorted(bySequenceNumber);
  const distinct = ordered.filter((record, index) => {
    const before = ordered[index - 1];
    if (before === undefined || bySequenceNumber(before, record) !== 0) return true;
    if (before.kinesis.data !== record.kinesis.data || record.eventSourceARN.includes('/consumer/')) {
      throw new ContractViolation(
        `sequence number ${record.kinesis.sequenceNumber} of ${record.eventSourceARN} comes twice in one batch: KPL aggregates over enhanced fan-out have no position of their own. Attach the function to the stream itself`,
      );
    }
    return false;
  });
  return { distinct, duplicates: ordered.length - distinct.length };
}

/** As Lambda brings them. */
function areRising(records: readonly KinesisEventRecord[]): boolean {
  let before: KinesisEventRecord | undefined;
  for (const record of records) {
    if (before !== undefined && bySequenceNumber(before, record) >= 0) return false;
    before = record;
  }
  return true;
}

function readRecord(data: KinesisData, rules: DecodeRules, spliceLine: SpliceLine): Reading[] {
  const { kinesis } = data.record;
  const record = sourceRecord(kinesis, data.payload ?? Buffer.from(kinesis.data, 'utf8'));
  if (data.line !== undefined) return [readLine(record, data.line, rules, spliceLine)];
  if (data.payload === undefined) return [poison(record, 'data is not base64')];
  const content = deaggregate(data.payload);
  switch (content.kind) {
    case 'plain':
      return [readRow(record, rules)];
    case 'damaged':
      return [poison(record, content.reason)];
    case 'aggregate':
      return readUserRecords(record, content.userRecords, rules);
    default:
      return content satisfies never;
  }
}

function sourceRecord(
  { sequenceNumber, partitionKey, approximateArrivalTimestamp }: KinesisEventRecord['kinesis'],
  payload: Buffer,
): SourceRecord {
  const position = kinesisPosition(sequenceNumber);
  const arrivedAt = epochMillis(Math.round(approximateArrivalTimestamp * 1000));
  if (partitionKey == null) return { position, itemIdentifier: sequenceNumber, arrivedAt, payload };
  return { position, itemIdentifier: sequenceNumber, partitionKey, arrivedAt, payload };
}

function poison(record: SourceRecord, reason: string, errorClass: Fault['errorClass'] = 'decode'): Reading {
  return { decoded: { kind: 'poison', record, fault: { errorClass, reason } }, bytesRead: record.payload.length };
}

/**
 * An aggregate cannot be left half decoded, since it comes again as a whole: packed user records that would take it past the limit of a
 * batch stay packed and are poison. Which ones depends on the aggregate alone, so every delivery finds the same.
 */
function readUserRecords(
  { partitionKey: _outer, ...shared }: SourceRecord,
  userRecords: readonly UserRecord[],
  rules: DecodeRules,
): Reading[] {
  let size = 0;
  return userRecords.map(({ data: payload, partitionKey }, index) => {
    const position = kinesisPosition(shared.itemIdentifier, index);
    const record: SourceRecord = { ...shared, position, payload, ...(partitionKey === undefined ? {} : { partitionKey }) };
    if (isGzip(payload) && size >= rules.maxBatchBytes) return poison(record, tooMuch(rules), 'oversize');
    const reading = readRow(record, rules);
    size += reading.bytesRead;
    return reading;
  });
}

function tooMuch({ maxBatchBytes }: DecodeRules): string {
  return `the user records of its KPL aggregate unpack to more than the allowed ${maxBatchBytes} bytes of a batch`;
}
