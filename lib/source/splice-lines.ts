import { kinesisPosition } from './position.ts';
import type { KinesisShard, SourceRecord } from './record.ts';
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

/** Bytes that lines take with their members, nothing where no column is mapped. */
export function splicedBytes(columns: PositionColumns, source: KinesisShard, { lines, bytes }: Expected): number {
  const layout = layoutOf(columns, source);
  return isBlank(layout) ? 0 : lines * frontOf(layout, ANYWHERE, ANY_TIME).bytes.length + bytes;
}

const ANYWHERE = { position: kinesisPosition('0'), itemIdentifier: '0' };
const ANY_TIME = '0000-00-00 00:00:00.000';

/**
 * Splices lines of one shard into one memory, each behind the one before: rows that are sent together lie there as they are sent. Their
 * bytes are those of {@link addedMembers}. Where no column is mapped, lines are left where they are.
 * @param room - best in the memory of the lines, where they are copied without a view of each.
 */
export function lineSplicer(columns: PositionColumns, source: KinesisShard, room: Slice): SpliceLine {
  const layout = layoutOf(columns, source);
  if (isBlank(layout)) return (line) => line;
  const textOf = dateTimes();
  let front = frontOf(layout, ANYWHERE, ANY_TIME);
  let { memory, start: end } = room;
  return (line, record) => {
    if (isEmpty(line.memory, line.start)) return undefined;
    const time = textOf(record.arrivedAt);
    if (!front.takes(record, time)) front = frontOf(layout, record, time);
    // The comma at the end of the front takes the place of the line's own brace, and a line end comes behind it.
    const { length } = front.bytes;
    const spliced = length + lengthOf(line);
    if (end + spliced > memory.length) {
      memory = Buffer.allocUnsafeSlow(Math.max(lengthOf(room), spliced));
      end = 0;
    }
    const start = end;
    if (line.memory === memory) memory.copyWithin(start + length - 1, line.start, line.end);
    else line.memory.copy(memory, start + length - 1, line.start, line.end);
    memory.set(front.bytes, start);
    end += spliced;
    memory[end - 1] = LINE_FEED;
    return { memory, start, end: end - 1 };
  };
}

/** What a record is placed by. */
type Place = Pick<SourceRecord, 'position' | 'itemIdentifier'>;

/** An opening brace, the members of one record and a comma. Records whose texts are as long take the same places. */
interface Front {
  readonly bytes: Buffer;
  /** Writes a record's texts there, if they fit. */
  takes(place: Place, time: string): boolean;
}

function frontOf(layout: Layout, { position, itemIdentifier }: Place, time: string): Front {
  const placed = `{${layout.fixed}${placeOf(layout.position, position)}`;
  const members = `${placed}${placeOf(layout.arrivedAt, time)}`;
  const bytes = Buffer.from(`${members},`);
  const putPosition = writerOf(bytes, layout.position, Buffer.byteLength(placed));
  const putTime = writerOf(bytes, layout.arrivedAt, bytes.length - 1);
  // Zeros and a sequence number: the zeros stand there already, and to be written as a whole the position would be copied first.
  const isPadded = position === kinesisPosition(itemIdentifier);
  const fits = (next: Place): boolean => next.position.length === position.length && next.itemIdentifier.length === itemIdentifier.length;
  let written = time;
  return {
    bytes,
    takes: (next, nextTime) => {
      if (!fits(next) || nextTime.length !== time.length) return false;
      putPosition(isPadded ? next.itemIdentifier : next.position);
      if (nextTime !== written) putTime(nextTime);
      written = nextTime;
      return true;
    },
  };
}

/** A key with its value; nothing where the column is not mapped. */
function placeOf(key: string, text: string): string {
  return key === '' ? '' : `${key}"${text}"`;
}

/** Writes the last characters of a value, ASCII. @param end - behind the quotation mark that follows it. */
function writerOf(bytes: Buffer, key: string, end: number): (text: string) => void {
  if (key === '') return () => undefined;
  return (text) => void bytes.write(text, end - 1 - text.length, 'latin1');
}
