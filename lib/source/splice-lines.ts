import type { KinesisData } from './kinesis-data.ts';
import { SEQUENCE_DIGITS } from './position.ts';
import type { SourceRecord, SourceShard } from './record.ts';
import { dateTimes, isEmpty, layoutOf, type PositionColumns } from './splice.ts';

/**
 * Copies a line with its members in front, with a line end behind it in the same memory; nothing where this takes more than that, as it
 * does of an empty object.
 * @param line - a JSON object, checked, without blanks before it.
 */
export type SpliceLine = (line: Buffer, record: SourceRecord) => Buffer | undefined;

const LINE_FEED = 0x0a;

/**
 * Splices lines of one shard into one block, each behind the one before: rows that are sent together lie there as they are sent. Their
 * bytes are those of {@link addedMembers}. Where no column is mapped, lines are left where they are.
 * @param data - has the lines that may come, each once.
 */
export function lineSplicer(columns: PositionColumns, source: SourceShard, data: readonly KinesisData[]): SpliceLine {
  const front = frontOf(columns, source);
  if (front === undefined) return (line) => line;
  const { length } = front.bytes;
  const block = Buffer.allocUnsafeSlow(data.reduce((sum, { line }) => (line === undefined ? sum : sum + length + line.length), 0));
  let end = 0;
  return (line, record) => {
    if (isEmpty(line, 0) || !front.takes(record)) return undefined;
    const start = end;
    // The comma at the end of the front takes the place of the line's own brace.
    block.set(line, start + length - 1);
    block.set(front.bytes, start);
    end += length + line.length;
    block[end - 1] = LINE_FEED;
    return block.subarray(start, end - 1);
  };
}

/** An opening brace, the members of one record and a comma. Each record's members take the same places, those of the record before. */
interface Front {
  readonly bytes: Buffer;
  /** Writes a record's members there, unless they are longer than the places. */
  readonly takes: (record: SourceRecord) => boolean;
}

/** Characters of `2026-11-21 02:59:01.123`; years beyond 9999 have more. */
const DATE_TIME_LENGTH = 23;

/** Nothing where no column is mapped. */
function frontOf(columns: PositionColumns, source: SourceShard): Front | undefined {
  const { fixed, position, arrivedAt } = layoutOf(columns, source);
  const placed = position === '' ? '' : `${position}"${' '.repeat(SEQUENCE_DIGITS)}"`;
  const timed = arrivedAt === '' ? '' : `${arrivedAt}"${' '.repeat(DATE_TIME_LENGTH)}"`;
  const members = `${fixed}${placed}${timed}`;
  if (members === '') return undefined;
  const bytes = Buffer.from(`{${members},`);
  const behindPosition = Buffer.byteLength(`{${fixed}${placed}`) - 1;
  const takesPosition = placed === '' ? () => true : writerOf(bytes, behindPosition - SEQUENCE_DIGITS, SEQUENCE_DIGITS);
  const takesTime = timed === '' ? () => true : writerOf(bytes, bytes.length - 2 - DATE_TIME_LENGTH, DATE_TIME_LENGTH);
  const textOf = dateTimes();
  return { bytes, takes: (record) => takesPosition(record.position) && takesTime(textOf(record.arrivedAt)) };
}

/** Writes ASCII of one length to one place. */
function writerOf(bytes: Buffer, at: number, length: number): (text: string) => boolean {
  return (text) => {
    if (text.length !== length) return false;
    bytes.write(text, at, 'latin1');
    return true;
  };
}
