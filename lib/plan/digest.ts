import { createHash } from 'node:crypto';
import { kinesisPosition } from '../source/position.ts';
import type { SourceRecord } from '../source/record.ts';

/** What a record is known by. */
export type Member = Pick<SourceRecord, 'position' | 'itemIdentifier' | 'iggy'>;

/** Members that are hashed at once, about 16 KB: those of an event would make a megabyte. */
const HASHED_TOGETHER = 128;

/**
 * SHA-256 of the identities of all members, in their order, as hexadecimal.
 * @param members - of one source shard, at least one.
 */
export function digestOf(members: readonly Member[]): string {
  const hash = createHash('sha256');
  const sheet = sheetOf(members[0]);
  for (let from = 0; from < members.length; from += HASHED_TOGETHER) {
    const some = members.slice(from, from + HASHED_TOGETHER);
    if (sheet !== undefined && haveRoom(some, sheet)) hash.update(written(some, sheet));
    else hash.update(identitiesOf(some), 'latin1');
  }
  return hash.digest('hex');
}

/** Identities as one text, which is ASCII. */
function identitiesOf(members: readonly Member[]): string {
  const parts: string[] = [];
  let [length, front] = [-1, ''];
  for (const { position, iggy } of members) {
    if (position.length !== length) {
      length = position.length;
      front = `${length}:`;
    }
    parts.push(front, position);
    // A purged topic counts its offsets from 0 again: an offset alone would name two messages by one label, and Doris would drop the second.
    if (iggy !== undefined) parts.push(withLength(iggy.id), withLength(iggy.timestamp));
  }
  return parts.join('');
}

/** A text behind its length: `("ab", "c")` and `("a", "bc")` differ. */
export function withLength(value: string): string {
  return `${Buffer.byteLength(value)}:${value}`;
}

/**
 * Identities of records of a shard, one behind the other, that differ in their sequence numbers only: these alone are written, over those of
 * the members before them. Joined as texts, the identities of an event would be as large as a sixth of it.
 */
interface Sheet {
  readonly bytes: Buffer;
  /** Characters of a position. */
  readonly position: number;
  /** Digits of a sequence number, which end its position, behind zeros. */
  readonly digits: number;
}

/** Nothing for a member whose position is more than a sequence number. */
function sheetOf(member: Member | undefined): Sheet | undefined {
  if (member === undefined || member.position !== kinesisPosition(member.itemIdentifier)) return undefined;
  const bytes = Buffer.from(withLength(member.position).repeat(HASHED_TOGETHER), 'latin1');
  return { bytes, position: member.position.length, digits: member.itemIdentifier.length };
}

/** Whether each has its place on a sheet: positions of one length are of one kind. */
function haveRoom(members: readonly Member[], { position, digits }: Sheet): boolean {
  for (let index = 0, member = members[index]; member !== undefined; member = members[++index])
    if (member.position.length !== position || member.itemIdentifier.length !== digits) return false;
  return true;
}

function written(members: readonly Member[], { bytes, digits }: Sheet): Buffer {
  const width = bytes.length / HASHED_TOGETHER;
  let end = 0;
  for (let index = 0, member = members[index]; member !== undefined; member = members[++index]) {
    end += width;
    bytes.write(member.itemIdentifier, end - digits, 'latin1');
  }
  return bytes.subarray(0, end);
}
