import { isUtf8 } from 'node:buffer';
import { epochMillis } from '../units.ts';
import { mostBytesOf, writeBase64 } from './base64.ts';
import { endOfValue, type JsonText, jsonLines, kindOf } from './json.ts';
import { scalarFields } from './json-members.ts';
import type { KinesisEventRecord } from './kinesis-event.ts';
import { deaggregate, type UserRecord } from './kpl.ts';
import { isLongNumber } from './long-numbers.ts';
import { kinesisPosition, type Position, subPosition } from './position.ts';
import type { Row, SourceRecord } from './record.ts';
import { bytesOf, type Slice, sliceOf } from './slice.ts';

/** Some records of an event in order, out of their base64 and out of their aggregates. */
export interface Part {
  readonly records: readonly SourceRecord[];
  /** Why the payload of a record cannot be read. */
  readonly faults: ReadonlyMap<SourceRecord, string>;
  /**
   * Given for a record whose payload is one JSON object in one line, and nothing else but perhaps a line end: the object, with a line end
   * behind it in the same memory. Any other payload may be a row all the same.
   * @param record - one of this part, without a fault.
   */
  lineOf(record: SourceRecord): Slice | undefined;
  /** The top-level fields that are asked for. @param line - one of this part. */
  fieldsOf(line: Slice): Row['fields'];
}

/** What is asked of payloads. */
export interface DataRules {
  /** `quote`: an object that holds one is no line, since it needs a change. */
  readonly longNumbers?: 'keep' | 'quote';
  readonly keepFields: readonly string[];
}

/** Bytes that are decoded before they are looked at: few enough to stay in the processor's cache, enough to share a check of UTF-8. */
const PART_BYTES = 256 * 1024;

/**
 * Decodes the data of an event into one memory, each record with a line end behind it unless it has one: rows that need no change lie there
 * as they are sent, and UTF-8 is checked once a part, since a line end breaks off every sequence.
 * @param memory - with room for {@link mostBytesIn} at its start.
 */
export function* readKinesisData(records: readonly KinesisEventRecord[], memory: Buffer, rules: DataRules): Generator<Part, void> {
  const lines = jsonLines(memory);
  let end = 0;
  for (let next = 0; next < records.length; ) {
    const laid: Laid = { memory, start: end, end, records: [], faults: new Map() };
    next = layPart(records, next, laid);
    end = laid.end;
    yield partOf(laid, lines, rules);
  }
}

/** Bytes of all payloads with their line ends, at most. */
export function mostBytesIn(records: readonly KinesisEventRecord[]): number {
  return records.reduce((sum, { kinesis }) => sum + mostBytesOf(kinesis.data) + 1, 0);
}

/** The records of a part on their way into memory. */
interface Laid {
  readonly memory: Buffer;
  readonly start: number;
  /** Where the next may begin. */
  end: number;
  readonly records: SourceRecord[];
  readonly faults: Map<SourceRecord, string>;
}

/** Lays records until the part is full. @returns which comes next. */
function layPart(records: readonly KinesisEventRecord[], first: number, laid: Laid): number {
  let next = first;
  for (let record = records[next]; record !== undefined && laid.end - laid.start < PART_BYTES; record = records[++next]) lay(record, laid);
  return next;
}

function lay({ kinesis }: KinesisEventRecord, laid: Laid): void {
  const { sequenceNumber, partitionKey, data } = kinesis;
  const { memory, end: start } = laid;
  const position = kinesisPosition(sequenceNumber);
  const size = writeBase64(data, memory, start);
  if (size === undefined) {
    // What came as something else than base64 is kept as the text that it is.
    push(laid, sourceRecord(kinesis, position, partitionKey, sliceOf(Buffer.from(data))), 'data is not base64');
    return;
  }
  const payload = { memory, start, end: start + size };
  const content = deaggregate(payload);
  if (content.kind === 'aggregate') {
    layUserRecords(kinesis, position, content.userRecords, laid);
    return;
  }
  push(laid, sourceRecord(kinesis, position, partitionKey, payload), content.kind === 'damaged' ? content.reason : undefined);
  endLine(laid, payload);
}

/** Moves user records to the front of their aggregate: what stands before each there is longer than a line end. */
function layUserRecords(kinesis: KinesisEventRecord['kinesis'], aggregate: Position, userRecords: readonly UserRecord[], laid: Laid): void {
  const { memory } = laid;
  let subSequence = 0;
  for (const { partitionKey, start, end } of userRecords) {
    const payload = { memory, start: laid.end, end: laid.end + end - start };
    memory.copyWithin(payload.start, start, end);
    push(laid, sourceRecord(kinesis, subPosition(aggregate, subSequence++), partitionKey, payload), undefined);
    endLine(laid, payload);
  }
}

/** Of user records of one aggregate everything but the first argument is their own. */
function sourceRecord(
  { sequenceNumber: itemIdentifier, approximateArrivalTimestamp }: KinesisEventRecord['kinesis'],
  position: Position,
  partitionKey: string | null | undefined,
  payload: Slice,
): SourceRecord {
  const arrivedAt = epochMillis(Math.round(approximateArrivalTimestamp * 1000));
  if (partitionKey == null) return { position, itemIdentifier, arrivedAt, payload };
  return { position, itemIdentifier, partitionKey, arrivedAt, payload };
}

function push({ records, faults }: Laid, record: SourceRecord, fault: string | undefined): void {
  records.push(record);
  if (fault !== undefined) faults.set(record, fault);
}

const LINE_FEED = 0x0a;

/** Sees to it that a line end stands behind a payload. */
function endLine(laid: Laid, payload: Slice): void {
  laid.end = payload.end;
  if (!endsLine(payload)) laid.memory[laid.end++] = LINE_FEED;
}

function endsLine({ memory, start, end }: Slice): boolean {
  return end > start && memory[end - 1] === LINE_FEED;
}

function partOf({ memory, start, end, records, faults }: Laid, lines: JsonText, { longNumbers, keepFields }: DataRules): Part {
  const isText = isUtf8(memory.subarray(start, end));
  const endOfLine = longNumbers === 'quote' ? endWithoutLong : endOfValue;
  return {
    records,
    faults,
    lineOf: ({ payload }) => {
      if (kindOf(payload.memory[payload.start]) !== 'object' || !(isText || isUtf8(bytesOf(payload)))) return undefined;
      const endOfObject = endOfLine(lines, payload.start);
      if (endOfObject === payload.end) return payload;
      return endOfObject === payload.end - 1 && endsLine(payload) ? { ...payload, end: endOfObject } : undefined;
    },
    fieldsOf: ({ start: at }) => (keepFields.length === 0 ? undefined : scalarFields(lines, at, keepFields)),
  };
}

/** Nothing where there is a number that is to be quoted. */
function endWithoutLong(lines: JsonText, start: number): number | undefined {
  let isLong = false;
  const end = endOfValue(lines, start, (from, to) => {
    isLong ||= isLongNumber(lines.bytes, from, to);
  });
  return isLong ? undefined : end;
}
