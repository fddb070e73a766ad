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
import { bytes } from '../../../lib/units.ts';
import { aRecord } from '../../support/builders.ts';

const row = (length = 1): DecodedRecord => ({ kind: 'row', record: aRecord('{}'), line: Buffer.alloc(length, 'x') });
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
          const full = piece.rows.length === limits.maxRows || piece.bytes + next.line.length + 1 > limits.maxBytes;
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

describe('the price of isolation', () => {
  /** Rows that Doris refuses are marked by their line. */
  const BAD = Buffer.from('bad');
  const rowsOf = (bad: readonly boolean[]): DecodedRecord[] =>
    bad.map((isBad) => ({ kind: 'row', record: aRecord('{}'), line: isBad ? BAD : Buffer.from('good') }));

  /** What Doris says of a load: its counts hold unless it stops at so many bad rows (reference 9.13). */
  const judge = ({ rows }: Piece, stopsAfter: number): Suspicion => {
    const bad = rows.filter(({ line }) => line === BAD).length;
    return bad <= stopsAfter ? { atLeast: bad, exact: true } : { atLeast: 1, exact: false };
  };

  /** The loop of `lib/settle`: load the front; when refused, halve it, and a single row is buried. */
  const isolate = (records: readonly DecodedRecord[], stopsAfter = Number.POSITIVE_INFINITY) => {
    const order: DecodedRecord[] = [];
    const stored: DecodedRecord[] = [];
    let loads = 0;
    let work: readonly Piece[] = [pieceOf(records)];
    const settle = ({ records: front }: Piece, into: readonly DecodedRecord[][], after: readonly Piece[]): readonly Piece[] => {
      for (const list of into) list.push(...front);
      return after;
    };
    for (let [piece, ...rest] = nextInLine(work); piece !== undefined; [piece, ...rest] = nextInLine(work)) {
      loads++;
      const found = judge(piece, stopsAfter);
      const after = learn(piece, found, rest);
      const splits = found.atLeast > 0 && piece.rows.length > 1;
      work = splits ? [...halve(piece, found), ...after] : settle(piece, found.atLeast > 0 ? [order] : [order, stored], after);
    }
    return { order, stored, loads };
  };

  const bound = (n: number, b: number): number => (b <= n / 4 ? 2 * b * Math.log2(n / b) + 3 : 1.1 * n + 2);
  const expectIsolated = (bad: readonly boolean[], stopsAfter?: number): number => {
    const records = rowsOf(bad);
    const { order, stored, loads } = isolate(records, stopsAfter);
    expect(order).toEqual(records);
    expect(stored).toEqual(records.filter((_, index) => !bad[index]));
    return loads;
  };

  it('is bounded for every placement among up to nine rows', () => {
    for (let n = 1; n <= 9; n++) {
      for (let mask = 1; mask < 2 ** n; mask++) {
        const bad = Array.from({ length: n }, (_, index) => ((mask >> index) & 1) === 1);
        expect(isolate(rowsOf(bad)).loads).toBeLessThanOrEqual(bound(n, bad.filter(Boolean).length));
      }
    }
  });

  it('is at most 2 b log2(n / b) + 2 loads for few bad rows at the ends, in the middle and side by side', () => {
    const placements = (n: number): readonly (readonly number[])[] => [
      [0],
      [n - 1],
      [n >> 1],
      [(n >> 1) - 1],
      [0, n - 1],
      [(n >> 1) - 1, n >> 1],
      [0, 1],
      [0, n >> 2, n >> 1, n - 1],
      [0, 1, n - 2, n - 1],
      [1, 3, 5, 7],
    ];
    for (const n of [32, 100, 1000, 4097]) {
      for (const at of placements(n)) {
        const loads = expectIsolated(Array.from({ length: n }, (_, index) => at.includes(index)));
        expect(loads).toBeLessThanOrEqual(2 * at.length * Math.log2(n / at.length) + 2);
      }
    }
  });

  it('is bounded for bad rows anywhere, and always ends with exactly the bad rows alone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (n, share, draws) => {
          const bad = [...draws.take(n)].map((draw) => draw < share);
          const count = bad.filter(Boolean).length;

          const loads = expectIsolated(bad);

          expect(loads).toBeLessThanOrEqual(count === 0 ? 1 : bound(n, count));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('ends as well when Doris stops counting after fifty bad rows', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(999), { minLength: 51, maxLength: 400 }), (at) => {
        const places = new Set(at);
        const loads = expectIsolated(
          Array.from({ length: 1000 }, (_, index) => places.has(index)),
          50,
        );

        expect(loads).toBeLessThanOrEqual(bound(1000, places.size) + 2 * Math.ceil(places.size / 50) * 10);
      }),
      { numRuns: 30 },
    );
  });

  it('takes one load for each row where all are bad, and one for all where none is', () => {
    expect(expectIsolated(Array(100).fill(true))).toBe(101);
    expect(expectIsolated(Array(100).fill(false))).toBe(1);
  });

  it('holds with poison rows in between, which stay where they are', () => {
    const records = [poison(), ...rowsOf([false, true]), poison(), poison(), ...rowsOf([false, false, true]), poison()];

    const { order } = isolate(records);

    expect(order).toEqual(records);
  });
});
