import { blake3 } from '@noble/hashes/blake3.js';
import { iggyPosition, type Position, spellPosition } from '../source/position.ts';
import type { SourceRecord } from '../source/record.ts';

/**
 * Exactly which messages of a partition a group is made of. An offset names a message for a while only, so each is kept with a fingerprint
 * of its offset, id and broker timestamp: a purged topic's new offset 7 is not the old one.
 */
export interface Members {
  /** In order, each once. */
  readonly positions: readonly Position[];
  has(record: Pick<SourceRecord, 'position' | 'iggy'>): boolean;
}

/**
 * Bytes of a fingerprint: a message of another incarnation would pass for a settled one of the same offset once in 2^64 times that an
 * offset is used anew.
 */
const PRINT_BYTES = 8;
const BYTE = 128;

/** Writes members down: their number, the first offset, the steps to the next ones, then a fingerprint each. About nine bytes a message. */
export function packMembers(records: readonly Pick<SourceRecord, 'position' | 'iggy'>[]): Uint8Array {
  const bytes: number[] = [];
  appendNumber(bytes, BigInt(records.length));
  let before = 0n;
  for (const { position } of records) {
    const offset = BigInt(position);
    appendNumber(bytes, offset - before);
    before = offset;
  }
  return Buffer.concat([Buffer.from(bytes), ...records.map(printOf)]);
}

function appendNumber(bytes: number[], value: bigint): void {
  let left = value;
  for (; left >= BigInt(BYTE); left >>= 7n) bytes.push(Number(left & 127n) | BYTE);
  bytes.push(Number(left));
}

function printOf({ position, iggy }: Pick<SourceRecord, 'position' | 'iggy'>): Uint8Array {
  const identity = `${spellPosition(position)}:${iggy?.id ?? ''}:${iggy?.timestamp ?? ''}`;
  return blake3(Buffer.from(identity), { dkLen: PRINT_BYTES });
}

/** Reads members back. @throws {RangeError} when the bytes are none that {@link packMembers} wrote. */
export function unpackMembers(packed: Uint8Array): Members {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const numbers = numbersIn(bytes);
  const count = Number(numbers.next());
  const positions: Position[] = [];
  let offset = 0n;
  for (let index = 0; index < count; index++) {
    offset += numbers.next();
    positions.push(iggyPosition(String(offset)));
  }
  const prints = bytes.subarray(numbers.at());
  if (prints.length !== count * PRINT_BYTES) throw new RangeError(`${prints.length} bytes of fingerprints for ${count} members`);
  const places = new Map(positions.map((position, index) => [position, index * PRINT_BYTES]));
  return {
    positions,
    has: (record) => {
      const place = places.get(record.position);
      return place !== undefined && prints.subarray(place, place + PRINT_BYTES).equals(printOf(record));
    },
  };
}

function numbersIn(bytes: Buffer) {
  let at = 0;
  return {
    at: () => at,
    next: (): bigint => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = bytes[at++];
        if (byte === undefined) throw new RangeError('members end within a number');
        value |= BigInt(byte & 127) << shift;
        if (byte < BYTE) return value;
      }
    },
  };
}
