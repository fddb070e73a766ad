import { ContractViolation } from '../errors.ts';
import type { Bytes } from '../units.ts';
import { mostBytesIn, type Part, readKinesisData } from './kinesis-data.ts';
import { type KinesisEventRecord, readKinesisEvent, type ShardRecords } from './kinesis-event.ts';
import type { Batch, DecodedRecord, Fault, Row, SourceRecord } from './record.ts';
import { heldBy, isGzip, type Reading, type RowRules, readRow } from './rows.ts';
import { lengthOf } from './slice.ts';
import { addedMembers, type PositionColumns } from './splice.ts';
import { lineSplicer, type SpliceLine, splicedBytes } from './splice-lines.ts';

/** How events become rows, and the limits of that. */
export interface DecodeRules extends RowRules {
  /** Unpacked bytes of one batch at which decoding stops; the rest of the batch has to come again. Bounds memory against compression. */
  readonly maxBatchBytes: Bytes;
  /** Columns that every row is given. Default none. */
  readonly positionColumns?: PositionColumns;
}

/**
 * Reads Lambda's Kinesis event: one batch a shard, records in order of their positions, each once.
 * @throws {ContractViolation} when the event is not shaped as Lambda shapes it, or when a sequence number comes twice with different data.
 */
export function decodeKinesisEvent(event: unknown, rules: DecodeRules): Batch[] {
  return readKinesisEvent(event).map((shard) => decodeShard(shard, rules));
}

/** The rules for one shard. */
interface ShardRules extends RowRules, Pick<DecodeRules, 'maxBatchBytes'> {
  /** Gives a line what {@link RowRules.addedMembers} gives a row. */
  readonly spliceLine: SpliceLine;
}

function decodeShard({ source, records }: ShardRecords, { positionColumns = {}, ...limits }: DecodeRules): Batch {
  const { distinct, duplicates } = inOrderOnce(records);
  const bytes = mostBytesIn(distinct);
  const memory = Buffer.allocUnsafeSlow(bytes + splicedBytes(positionColumns, source, { lines: distinct.length, bytes }));
  const rules: ShardRules = {
    ...limits,
    addedMembers: addedMembers(positionColumns, source),
    spliceLine: lineSplicer(positionColumns, source, { memory, start: bytes, end: memory.length }),
  };
  const decoded: DecodedRecord[] = [];
  let [held, ofItem, item] = [0, 0, ''];
  for (const part of readKinesisData(distinct, memory, rules))
    for (let at = 0, record = part.records[at]; record !== undefined; record = part.records[++at]) {
      if (record.itemIdentifier !== item) {
        if (held >= rules.maxBatchBytes) return { source, records: decoded, duplicates, leftFrom: record.itemIdentifier };
        item = record.itemIdentifier;
        ofItem = 0;
      }
      const reading = readRecord(record, part, ofItem, rules);
      decoded.push(reading.decoded);
      held += heldBy(reading);
      ofItem += reading.bytesRead;
    }
  return { source, records: decoded, duplicates };
}

/**
 * An aggregate cannot be left half decoded, since it comes again as a whole: packed user records that would take it past the limit of a
 * batch stay packed and are poison. Which ones depends on the aggregate alone, so every delivery finds the same.
 * @param ofItem - bytes read of its aggregate so far.
 */
function readRecord(record: SourceRecord, part: Part, ofItem: number, rules: ShardRules): Reading {
  const fault = part.faults.get(record);
  if (fault !== undefined) return poison(record, fault);
  const row = readLine(record, part, rules);
  if (row !== undefined) return { decoded: row, bytesRead: lengthOf(record.payload) };
  if (ofItem < rules.maxBatchBytes || !isGzip(record.payload)) return readRow(record, rules);
  const reason = `the user records of its KPL aggregate unpack to more than the allowed ${rules.maxBatchBytes} bytes of a batch`;
  return poison(record, reason, 'oversize');
}

/** What {@link readRow} makes of a payload that is a line already. */
function readLine(record: SourceRecord, part: Part, { maxRowBytes, spliceLine }: ShardRules): Row | undefined {
  const line = lengthOf(record.payload) > maxRowBytes ? undefined : part.lineOf(record);
  const spliced = line && spliceLine(line, record);
  return line && spliced && { kind: 'row', record, line: spliced, isTerminated: true, fields: part.fieldsOf(line) };
}

function poison(record: SourceRecord, reason: string, errorClass: Fault['errorClass'] = 'decode'): Reading {
  return { decoded: { kind: 'poison', record, fault: { errorClass, reason } }, bytesRead: lengthOf(record.payload) };
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
  if (records.every(isBehindBefore)) return { distinct: records, duplicates: 0 };
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
function isBehindBefore(record: KinesisEventRecord, index: number, records: readonly KinesisEventRecord[]): boolean {
  const before = records[index - 1];
  return before === undefined || bySequenceNumber(before, record) < 0;
}
