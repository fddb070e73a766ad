import type { EpochMillis } from '../units.ts';
import { skipBlanks } from './json.ts';
import type { SourceRecord, SourceShard } from './record.ts';

/** Columns of the table that tell where a row came from, by role. Each is optional; without any, rows stay as they came. */
export interface PositionColumns {
  /** Gets the identity of the stream: its ARN. */
  readonly source?: string;
  /** Gets the shard id. */
  readonly shard?: string;
  /** Gets the position as sortable text: digits are zero-padded, so that the order of texts is the order of the shard. */
  readonly position?: string;
  /** Gets the time at which the source took the record: `2026-11-21 02:59:01.123`, UTC. */
  readonly arrivedAt?: string;
}

/** Tells the members that a record's row is given, as JSON without the braces: `"_shard":"shardId-0","_position":"000..7"`. */
export type AddedMembers = (record: SourceRecord) => string;

/** The members for the records of one shard, always in the same order: the same record gives the same bytes on every delivery. */
export function addedMembers(columns: PositionColumns, source: SourceShard): AddedMembers {
  const { fixed, position, arrivedAt } = layoutOf(columns, source);
  const textOf = dateTimes();
  // Neither text has a character that JSON escapes.
  return (record) => {
    const placed = position === '' ? fixed : `${fixed}${position}"${record.position}"`;
    return arrivedAt === '' ? placed : `${placed}${arrivedAt}"${textOf(record.arrivedAt)}"`;
  };
}

/** The parts that all members of one shard are made of; those that are not mapped are empty. */
export interface Layout {
  /** Members with the same value for every record. */
  readonly fixed: string;
  /** Key of the position, with the comma before it. */
  readonly position: string;
  /** Key of the arrival, with the comma before it. */
  readonly arrivedAt: string;
}

/** The order of members: what is fixed, position, arrival. */
export function layoutOf(columns: PositionColumns, { stream, shard }: SourceShard): Layout {
  const fixed = [...member(columns.source, stream), ...member(columns.shard, shard)].join(',');
  const position = keyBehind(fixed, columns.position);
  return { fixed, position, arrivedAt: keyBehind(fixed === '' ? position : fixed, columns.arrivedAt) };
}

/** Whether no column is mapped. */
export function isBlank({ fixed, position, arrivedAt }: Layout): boolean {
  return fixed === '' && position === '' && arrivedAt === '';
}

function member(column: string | undefined, value: string): string[] {
  return column === undefined ? [] : [`${JSON.stringify(column)}:${JSON.stringify(value)}`];
}

/** The key of a column, with the comma that parts it from what stands before it. */
function keyBehind(before: string, column: string | undefined): string {
  return column === undefined ? '' : `${before === '' ? '' : ','}${JSON.stringify(column)}:`;
}

/**
 * Tells times in UTC, without a zone: a text that names one is moved by Doris into the zone of its session. Many records arrive at the
 * same time.
 */
export function dateTimes(): (at: EpochMillis) => string {
  let [known, knownSecond] = [Number.NaN, Number.NaN];
  let [text, textOfSecond] = ['', ''];
  return (at) => {
    if (at === known) return text;
    const second = Math.floor(at / 1000);
    if (second !== knownSecond) {
      textOfSecond = new Date(second * 1000).toISOString().slice(0, -'000Z'.length).replace('T', ' ');
      knownSecond = second;
    }
    text = textOfSecond + String(at - second * 1000).padStart(3, '0');
    known = at;
    return text;
  };
}

/** What a row is given besides its own bytes. */
export interface Additions {
  /** Go to the front of the object, where Doris prefers them to the producer's own of the same name (reference 9.7); may be empty. */
  readonly members: string;
  /** Offsets before which a quotation mark goes, in order. */
  readonly quotes: readonly number[];
}

const QUOTE = 0x22;
const CLOSE_OBJECT = 0x7d;

/**
 * Copies an object's text with its additions; without any, the text itself is returned.
 * @param text - a JSON object, checked.
 * @param start - where its opening brace stands.
 */
export function splice(text: Buffer, start: number, { members, quotes }: Additions): Buffer {
  if (members === '' && quotes.length === 0) return text;
  const front = members === '' || isEmpty(text, start) ? members : `${members},`;
  const row = Buffer.allocUnsafe(text.length + Buffer.byteLength(front) + quotes.length);
  let from = start + 1;
  let to = text.copy(row, 0, 0, from);
  to += row.write(front, to);
  for (const at of quotes) {
    to += text.copy(row, to, from, at);
    row[to++] = QUOTE;
    from = at;
  }
  text.copy(row, to, from);
  return row;
}

/** Whether an object has no members. @param start - where its opening brace stands. */
export function isEmpty(text: Buffer, start: number): boolean {
  return text[skipBlanks(text, start + 1)] === CLOSE_OBJECT;
}
