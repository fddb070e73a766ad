import type { SourceRecord, SourceShard } from './record.ts';
import { lengthOf, type Slice } from './slice.ts';
import { dateTimes, isBlank, isEmpty, type Layout, layoutOf, type PositionColumns } from './splice.ts';

/**
 * Copies a line with its members in front, with a line end behind it in the same memory; nothing where this takes more than that, as it
 * does of an empty object.
 * @param line - a JSON object, checked, without blanks before it.
 */
export type SpliceLine = (line: Slice, record: SourceRecord) => Slice | undefined;

const LINE_FEED = 0x0a;

/** Lines that are expected, and their bytes. There may be more. */
export interface Expected {
  readonly lines: number;
  readonly bytes: number;
}

/**
 * Splices lines of one shard into one memory, each behind the one before: rows that are sent together lie there as they are sent. Their
 * bytes are those of {@link addedMembers}. Where no column is mapped, lines are left where they are.
 */
export function lineSplicer(columns: PositionColumns, source: SourceShard, expected: Expected): SpliceLine {
  const layout = layoutOf(columns, source);
  if (isBlank(layout)) return (line) => line;
  const textOf = dateTimes();
  let front = frontOf(layout, '', '');
  let memory = Buffer.alloc(0);
  let end = 0;
  return (line, { position, arrivedAt }) => {
    if (isEmpty(line.memory, line.start)) return undefined;
    const time = textOf(arrivedAt);
    if (!front.takes(position, time)) front = frontOf(layout, position, time);
    // The comma at the end of the front takes the place of the line's own brace, and a line end comes behind it.
    const { length } = front.bytes;
    const spliced = length + lengthOf(line);
    if (end + spliced > memory.length) {
      memory = Buffer.allocUnsafeSlow(Math.max(expected.lines * length + expected.bytes, spliced));
      end = 0;
    }
    const start = end;
    line.memory.copy(memory, start + length - 1, line.start, line.end);
    memory.set(front.bytes, start);
    end += spliced;
    memory[end - 1] = LINE_FEED;
    return { memory, start, end: end - 1 };
  };
}

/** An opening brace, the members of one record and a comma. Records whose texts are as long take the same places. */
interface Front {
  readonly bytes: Buffer;
  /** Writes a record's texts there, if they fit. */
  takes(position: string, time: string): boolean;
}

function frontOf(layout: Layout, position: string, time: string): Front {
  const placed = `{${layout.fixed}${placeOf(layout.position, position)}`;
  const members = `${placed}${placeOf(layout.arrivedAt, time)}`;
  const bytes = Buffer.from(`${members},`);
  const putPosition = writerOf(bytes, layout.position, Buffer.byteLength(placed), position.length);
  const putTime = writerOf(bytes, layout.arrivedAt, bytes.length - 1, time.length);
  return { bytes, takes: (nextPosition, nextTime) => putPosition(nextPosition) && putTime(nextTime) };
}

/** A key with its value; nothing where the column is not mapped. */
function placeOf(key: string, text: string): string {
  return key === '' ? '' : `${key}"${text}"`;
}

/** Writes ASCII of one length to one place. @param end - behind the quotation mark that follows it. */
function writerOf(bytes: Buffer, key: string, end: number, length: number): (text: string) => boolean {
  if (key === '') return () => true;
  const at = end - 1 - length;
  return (text) => {
    if (text.length !== length) return false;
    bytes.write(text, at, 'latin1');
    return true;
  };
}
