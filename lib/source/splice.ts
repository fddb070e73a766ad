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
export function addedMembers(columns: PositionColumns, { stream, shard }: SourceShard): AddedMembers {
  const members = [...member(columns.source, stream), ...member(columns.shard, shard)];
  const fixed = members.join(',');
  const position = keyBehind(fixed, columns.position);
  const arrivedAt = keyBehind(fixed === '' ? position : fixed, columns.arrivedAt);
  const textOf = dateTimes();
  // Neither text has a character that JSON escapes.
  return (record) => {
    const placed = position === '' ? fixed : `${fixed}${position}"${record.position}"`;
    return arrivedAt === '' ? placed : `${placed}${arrivedAt}"${textOf(record.arrivedAt)}"`;
  };
}

function member(column: string | undefined, value: string): string[] {
  return column === undefined ? [] : [`${JSON.stringify(column)}:${JSON.stringify(value)}`];
}

/** The key of a column, with the comma that parts it from what stands before it. */
function keyBehind(before: string, column: string | undefined): string {
  return column === undefined ? '' : `${before === '' ? '' : ','}${JSON.stringify(column)}:`;
}

/** Without a zone: a text that names one is moved by Doris into the zone of its session. Many records arrive in the same second. */
function dateTimes(): (at: EpochMillis) => string {
  let known = Number.NaN;
  let text = '';
  return (at) => {
    const second = Math.floor(at / 1000);
    if (second !== known) {
      text = new Date(second * 1000).toISOString().slice(0, -'000Z'.length).replace('T', ' ');
      known = second;
    }
    return text + String(at - second * 1000).padStart(3, '0');
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
  const empty = text[skipBlanks(text, start + 1)] === CLOSE_OBJECT;
  const front = members === '' || empty ? members : `${members},`;
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
