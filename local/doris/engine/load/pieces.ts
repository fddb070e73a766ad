import { isAscii, isUtf8 } from 'node:buffer';

/** Decoded bytes; `ascii` are the bytes themselves when offsets in them and in the text are the same. */
export interface TextPiece {
  readonly kind: 'text';
  readonly text: string;
  readonly ascii?: Buffer;
}

/** A part of a body as text: some whole lines, or one line that is no UTF-8. */
export type Piece = TextPiece | { readonly kind: 'not-utf8'; readonly shown: string };

/** Large enough to make decoding cheap, small enough to be forgotten soon. */
const PIECE_BYTES = 256 * 1024;

/**
 * Cuts a body behind line ends and decodes it. A piece with bytes that are no UTF-8 is cut again line by line, so that only the bad
 * lines are lost.
 * @param delimiter - the end of a line; without one the body is a single document.
 */
export function* textPieces(body: Buffer, delimiter: string | undefined): Generator<Piece> {
  if (delimiter === undefined) {
    yield decoded(body);
    return;
  }
  const mark = Buffer.from(delimiter);
  for (const piece of cut(body, mark, PIECE_BYTES)) {
    if (isAscii(piece)) yield { kind: 'text', text: piece.toString('latin1'), ascii: piece };
    else if (isUtf8(piece)) yield { kind: 'text', text: piece.toString('utf8') };
    else yield* lines(piece, mark);
  }
}

/**
 * A line of a piece. Cut from the bytes where that is possible: a text cut from a text stays a window on it, which costs every reader
 * of its characters a detour.
 */
export function lineOf({ text, ascii }: TextPiece, start: number, end: number): string {
  return ascii ? ascii.toString('latin1', start, end) : text.slice(start, end);
}

function* lines(piece: Buffer, mark: Buffer): Generator<Piece> {
  for (const line of cut(piece, mark, 1)) yield decoded(line);
}

function decoded(bytes: Buffer): Piece {
  return isUtf8(bytes) ? { kind: 'text', text: bytes.toString('utf8') } : { kind: 'not-utf8', shown: bytes.toString('utf8').trimEnd() };
}

function* cut(body: Buffer, mark: Buffer, bytes: number): Generator<Buffer> {
  let start = 0;
  while (start < body.length) {
    const found = body.indexOf(mark, Math.min(start + bytes - 1, body.length));
    const end = found < 0 ? body.length : found + mark.length;
    yield body.subarray(start, end);
    start = end;
  }
}
