import { type DecodedRecord, isRow, type PoisonRow, type Row } from '../source/record.ts';
import { lengthOf } from '../source/slice.ts';
import type { Bytes } from '../units.ts';
import { bodyBytes } from './body.ts';

/** Limits of one load. */
export interface LoadLimits {
  readonly maxRows: number;
  /** A single row that is larger still makes a load of its own. */
  readonly maxBytes: Bytes;
}

/** How many rows of a piece Doris will refuse, as far as its counts tell. Only ever decides which load comes next, never a record's fate. */
export interface Suspicion {
  readonly atLeast: number;
  /** Whether it is exactly that many. */
  readonly exact: boolean;
}

/** What a load that Doris took, or the absence of bad rows, proves. */
export const CLEAN: Suspicion = { atLeast: 0, exact: true };

/** A run of records of one table that is settled together: its rows are one load, its poison rows lie between them. */
export interface Piece {
  readonly records: readonly DecodedRecord[];
  readonly rows: readonly Row[];
  readonly bytes: number;
  /** Whether it is what the limits cut, or a part of a load that Doris refused. */
  readonly origin: 'cut' | 'isolation';
  readonly suspicion?: Suspicion;
  /** Set on a left half: what is known of it and the right half, the next piece, together. */
  readonly withNext?: Suspicion;
}

/** Makes a piece of records in order. */
export function pieceOf(records: readonly DecodedRecord[], origin: Piece['origin'] = 'cut'): Piece {
  const rows = records.every(isRow) ? records : records.filter(isRow);
  return { records, rows, bytes: bodyBytes(rows), origin };
}

/** The poison rows of a piece. */
export function poisonOf(piece: Piece): PoisonRow[] {
  return piece.records.filter((record): record is PoisonRow => record.kind === 'poison');
}

/** Poison rows of one piece. Their letters go out before the watermark passes the piece, so they must fit well into one invocation. */
const MOST_POISON = 1_000;

/** Cuts records into pieces, as large as the limits allow from the front: the same records give the same cuts. */
export function cut(records: readonly DecodedRecord[], limits: LoadLimits): Piece[] {
  const pieces: Piece[] = [];
  for (let start = 0; start < records.length; ) {
    const end = endOfCut(records, start, limits);
    pieces.push(pieceOf(start === 0 && end === records.length ? records : records.slice(start, end)));
    start = end;
  }
  return pieces;
}

/** Where the piece ends that begins at `start`: behind at least one record. */
function endOfCut(records: readonly DecodedRecord[], start: number, { maxRows, maxBytes }: LoadLimits): number {
  let [rows, bytes, poison] = [0, 0, 0];
  for (let end = start; end < records.length; end++) {
    const record = records[end];
    if (record?.kind === 'row') {
      rows += 1;
      bytes += lengthOf(record.line) + 1;
    } else poison += 1;
    const fits = poison <= MOST_POISON && rows <= maxRows && (rows <= 1 || bytes <= maxBytes);
    if (!fits && end > start) return end;
  }
  return records.length;
}

/** Bad rows among so many, and looking at them one by one is as cheap as halving; a half that is dense has too little to teach. */
const DENSE = 3;

/**
 * Cuts a piece of at least two rows in two: in the middle, or behind its first row where bad rows are known to be dense. The parts
 * inherit what is known of both together. For `b` bad among `n` rows, exactly counted, the search takes at most `2 b log2(n / b) + 3`
 * loads while b is at most a quarter of n, and `1.1 n + 2` beyond, where each bad row needs a load of its own to be told its reason.
 */
export function halve(piece: Piece, both: Suspicion): [Piece, Piece] {
  const dense = both.exact && both.atLeast * DENSE >= piece.rows.length;
  const second = piece.rows[dense ? 1 : Math.ceil(piece.rows.length / 2)];
  if (second === undefined) throw new TypeError('a piece of one row cannot be halved');
  const at = piece.records.indexOf(second);
  return [{ ...pieceOf(piece.records.slice(0, at), 'isolation'), withNext: both }, pieceOf(piece.records.slice(at), 'isolation')];
}

/** Hands on what the front piece turned out to be to its right half, which follows it. */
export function learn(front: Piece, found: Suspicion, rest: readonly Piece[]): readonly Piece[] {
  const [next, ...others] = rest;
  if (front.withNext === undefined || next === undefined) return rest;
  const left = front.withNext.atLeast - found.atLeast;
  const exact = front.withNext.exact && found.exact;
  if (!exact && !(found.exact && found.atLeast === 0)) return rest;
  return [{ ...next, suspicion: { atLeast: Math.max(0, left), exact } }, ...others];
}

/**
 * Readies the front of the work: a piece that is known to hold bad rows is halved without loading it, and pieces that are known to be
 * clean are loaded as one.
 */
export function nextInLine(work: readonly Piece[]): readonly Piece[] {
  const [front, next, ...rest] = work;
  if (front === undefined) return work;
  if (front.suspicion !== undefined && front.suspicion.atLeast > 0 && front.rows.length > 1) {
    return nextInLine([...halve(front, front.suspicion), ...work.slice(1)]);
  }
  if (next !== undefined && isClean(front) && isClean(next)) {
    return nextInLine([{ ...pieceOf([...front.records, ...next.records], 'isolation'), suspicion: CLEAN }, ...rest]);
  }
  return work;
}

function isClean({ suspicion }: Piece): boolean {
  return suspicion?.exact === true && suspicion.atLeast === 0;
}
