import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halve, learn, nextInLine, type Piece, pieceOf, type Suspicion } from '../../../lib/plan/pieces.ts';
import type { DecodedRecord } from '../../../lib/source/record.ts';
import { sliceOf } from '../../../lib/source/slice.ts';
import { aRecord } from '../../support/builders.ts';

const poison = (): DecodedRecord => ({
  kind: 'poison',
  record: aRecord('{'),
  fault: { errorClass: 'decode', reason: 'payload is not JSON' },
});

describe('the price of isolation', () => {
  /** Rows that Doris refuses are marked by their line. */
  const [BAD, GOOD] = [sliceOf(Buffer.from('bad')), sliceOf(Buffer.from('good'))];
  const rowsOf = (bad: readonly boolean[]): DecodedRecord[] =>
    bad.map((isBad) => ({ kind: 'row', record: aRecord('{}'), line: isBad ? BAD : GOOD }));

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
