import type { Bytes } from '../units.ts';
import { bytes } from '../units.ts';

/** Size of all pieces together. */
export function sizeOf(pieces: readonly Uint8Array[]): Bytes {
  return bytes(pieces.reduce((sum, piece) => sum + piece.length, 0));
}

/** The same bytes in blocks worth a write each: small pieces are joined, large ones passed on uncopied. */
export function* blocksOf(pieces: readonly Uint8Array[], size = 128 * 1024): Generator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let length = 0;
  for (const piece of pieces) {
    if (length > 0 && length + piece.length > size) {
      yield joined(pending);
      pending = [];
      length = 0;
    }
    pending.push(piece);
    length += piece.length;
  }
  if (length > 0) yield joined(pending);
}

/** Pieces as one; a single one is not copied. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only, ...more] = pieces;
  return only !== undefined && more.length === 0 ? only : Buffer.concat(pieces);
}
