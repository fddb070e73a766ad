import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLEAN,
  cut,
  halve,
  type LoadLimits,
  learn,
  nextInLine,
  type Piece,
  pieceOf,
  poisonOf,
  type Suspicion,
} from '../../../lib/plan/pieces.ts';
import type { DecodedRecord } from '../../../lib/source/record.ts';
import { lengthOf, sliceOf } from '../../../lib/source/slice.ts';
import { bytes } from '../../../lib/units.ts';
import { aRecord } from '../../support/builders.ts';

const row = (length = 1): DecodedRecord => ({ kind: 'row', record: aRecord('{}'), line: sliceOf(Buffer.alloc(length, 'x')) });
const poison = (): DecodedRecord => ({
  kind: 'poison',
  record: aRecord('{'),
  fault: { errorClass: 'decode', reason: 'payload is not JSON' },
});
const recordsOf = (pieces: readonly Piece[]): DecodedRecord[] => pieces.flatMap(({ records }) => records);

const someRecords = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 40 }) }, { weight: 1, arbitrary: fc.constant('poison' as const) }), {
    maxLength: 60,
  })
  .map((kinds) => kinds.map((kind) => (kind === 'poison' ? poison() : row(kind))));
const someLimits = fc.record({ maxRows: fc.integer({ min: 1, max: 20 }), maxBytes: fc.integer({ min: 1, max: 200 }).map(bytes) });

describe('cutting records into loads', () => {
  it('keeps every record, in order, and gives no piece without records', () => {
    fc.assert(
      fc.property(someRecords, someLimits, (records, limits) => {
        const pieces = cut(records, limits);

        expect(recordsOf(pieces)).toEqual(records);
        expect(pieces.every((piece) => piece.records.length > 0 && piece.origin === 'cut')).toBe(true);
      }),
    );
  });

  it('respects both limits, but for a single row that is larger alone', () => {
    fc.assert(
      fc.property(someRecords, someLimits, (records, limits) => {
        for (const { rows, bytes: size } of cut(records, limits)) {
          expect(rows.length).toBeLessThanOrEqual(limits.maxRows);
          if (rows.length > 1) expect(size).toBeLessThanOrEqual(limits.maxBytes);
        }
      }),
    );
  });

  it('makes each piece as large as the limits allow: the next row would not have fitted', () => {
    fc.assert(
      fc.property(someRecords, someLimits, (records, limits) => {
        const pieces = cut(records, limits);
        for (const [index, piece] of pieces.entries()) {
          const next = pieces[index + 1]?.rows[0];
          if (next === undefined) continue;
          const full = piece.rows.length === limits.maxRows || piece.bytes + lengthOf(next.line) + 1 > limits.maxBytes;
          expect(full).toBe(true);
        }
      }),
    );
  });

  it('is the same for the same records, and for what is left once leading pieces are settled', () => {
    fc.assert(
      fc.property(someRecords, someLimits, fc.nat(5), (records, limits, settled) => {
        const pieces = cut(records, limits);

        expect(cut(records, limits)).toEqual(pieces);
        expect(cut(recordsOf(pieces.slice(settled)), limits)).toEqual(pieces.slice(settled));
      }),
    );
  });

  it('counts a line end for each row: bytes are those on the wire', () => {
    const limits: LoadLimits = { maxRows: 10, maxBytes: bytes(20) };

    expect(cut([row(9), row(9)], limits).map((piece) => piece.bytes)).toEqual([20]);
    expect(cut([row(9), row(10)], limits).map((piece) => piece.bytes)).toEqual([10, 11]);
  });

  it('ends a piece with its thousandth poison row: its dead letters have to be sent before the watermark moves at all', () => {
    const records = Array.from({ length: 2_500 }, poison);

    expect(cut(records, { maxRows: 10, maxBytes: bytes(1) }).map((piece) => poisonOf(piece).length)).toEqual([1000, 1000, 500]);
  });

  it('lets poison rows ride with the rows before them', () => {
    const records = [poison(), row(), poison(), row(), poison()];

    const pieces = cut(records, { maxRows: 1, maxBytes: bytes(100) });

    expect(pieces.map((piece) => piece.records)).toEqual([records.slice(0, 3), records.slice(3)]);
  });
});

describe('searching for bad rows', () => {
  const withRows = someRecords.filter((records) => records.filter(({ kind }) => kind === 'row').length >= 2);
  const someSuspicion: fc.Arbitrary<Suspicion> = fc.record({ atLeast: fc.integer({ min: 1, max: 60 }), exact: fc.boolean() });

  it('halves a piece into two that hold its records in order, each with at least one row', () => {
    fc.assert(
      fc.property(withRows, someSuspicion, (records, both) => {
        const halves = halve(pieceOf(records), both);

        expect(recordsOf(halves)).toEqual(records);
        expect(halves.every(({ rows, origin }) => rows.length > 0 && origin === 'isolation')).toBe(true);
      }),
    );
  });

  it('keeps records and their order, whatever it learns and joins', () => {
    fc.assert(
      fc.property(withRows, someSuspicion, someSuspicion, fc.boolean(), (records, both, found, clean) => {
        const [front, ...rest] = nextInLine([...halve(pieceOf(records), both), pieceOf([row(3), poison()])]);
        if (front === undefined) throw new Error('no work left');

        const learnt = learn(front, clean ? CLEAN : found, rest);

        expect(recordsOf(learnt)).toEqual(recordsOf(rest));
        expect(recordsOf(nextInLine(learnt))).toEqual(recordsOf(rest));
      }),
    );
  });

  it('cannot halve a single row', () => {
    expect(() => halve(pieceOf([poison(), row(), poison()]), CLEAN)).toThrow(TypeError);
  });
});
