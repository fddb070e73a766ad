import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, expire, type GivenUp, type Pending, type RetryRules, wholeBatch } from '../../../local/event-source-mapping/delivery.ts';
import type { Verdict } from '../../../local/event-source-mapping/verdict.ts';

function rules(maximumRetryAttempts: number, bisectOnFunctionError = false): RetryRules {
  return {
    maximumRetryAttempts,
    bisectOnFunctionError,
  };
}

/** Delivers until nothing is left; the function answers by the records it is given. */
function play(records: number, answer: (from: number, to: number) => Verdict, given: RetryRules) {
  const delivered: string[] = [];
  const givenUp: GivenUp[] = [];
  let pending = wholeBatch(records);
  for (let [segment] = pending; segment !== undefined; [segment] = pending) {
    delivered.push(`${segment.from}-${segment.to - 1}`);
    const step = advance(pending, answer(segment.from, segment.to), given);
    if (step.givenUp !== undefined) givenUp.push(step.givenUp);
    pending = step.pending;
  }
  return { delivered, givenUp };
}

describe('a batch whose failed records are named', () => {
  it('comes again from the lowest failed record on', () => {
    let deliveries = 0;
    const { delivered } = play(6, () => (++deliveries === 1 ? { kind: 'checkpoint', index: 4 } : { kind: 'settled' }), rules(-1));

    expect(delivered).toEqual(['0-5', '4-5']);
  });

  it('gets a fresh budget of retries with every step forward: recorded from AWS with six records of which the last always fails', () => {
    // Batches of three, MaximumRetryAttempts 3: the failing record is delivered once in its batch and four times alone.
    const { delivered, givenUp } = play(3, (from) => ({ kind: 'checkpoint', index: 2 - from }), rules(3));

    expect(delivered).toEqual(['0-2', '2-2', '2-2', '2-2', '2-2']);
    expect(givenUp).toEqual([{ segment: { from: 2, to: 3, failures: 4 }, condition: 'RetryAttemptsExhausted', functionError: null }]);
  });

  it('is not cut in halves, bisecting or not', () => {
    const { delivered } = play(4, () => ({ kind: 'checkpoint', index: 0 }), rules(1, true));

    expect(delivered).toEqual(['0-3', '0-3']);
  });
});

describe('a batch that fails as a whole', () => {
  it('is delivered once more than it may be retried', () => {
    const { delivered, givenUp } = play(2, () => ({ kind: 'function-error' }), rules(2));

    expect(delivered).toEqual(['0-1', '0-1', '0-1']);
    expect(givenUp).toEqual([
      { segment: { from: 0, to: 2, failures: 3 }, condition: 'RetryAttemptsExhausted', functionError: 'Unhandled' },
    ]);
  });

  it('is given up without a function error when the function answered so', () => {
    const { givenUp } = play(2, () => ({ kind: 'refused' }), rules(0));

    expect(givenUp).toEqual([{ segment: { from: 0, to: 2, failures: 1 }, condition: 'RetryAttemptsExhausted', functionError: null }]);
  });

  it('is retried for ever without a bound', () => {
    let pending = wholeBatch(2);
    for (let delivery = 0; delivery < 10_000; delivery++) pending = advance(pending, { kind: 'function-error' }, rules(-1)).pending;

    expect(pending).toEqual([{ from: 0, to: 2, failures: 10_000 }]);
  });
});

describe('bisecting', () => {
  it('halves down to the one record that fails, in order, without counting a retry', () => {
    const poison = 5;
    const throws = (from: number, to: number): Verdict =>
      from <= poison && poison < to ? { kind: 'function-error' } : { kind: 'settled' };

    const { delivered, givenUp } = play(8, throws, rules(0, true));

    expect(delivered).toEqual(['0-7', '0-3', '4-7', '4-5', '4-4', '5-5', '6-7']);
    expect(givenUp.map(({ segment }) => segment)).toEqual([{ from: 5, to: 6, failures: 1 }]);
  });

  it('cuts an odd batch into a larger and a smaller half', () => {
    expect(advance(wholeBatch(5), { kind: 'function-error' }, rules(0, true)).pending).toEqual([
      { from: 0, to: 3, failures: 0 },
      { from: 3, to: 5, failures: 0 },
    ]);
  });

  it('does not happen without the setting', () => {
    expect(advance(wholeBatch(5), { kind: 'function-error' }, rules(1)).pending).toEqual([{ from: 0, to: 5, failures: 1 }]);
  });
});

describe('records that are too old', () => {
  it('leave the head of the batch, and the rest keeps its count', () => {
    expect(expire([{ from: 0, to: 4, failures: 2 }], (place) => place < 3)).toEqual({
      pending: [{ from: 3, to: 4, failures: 2 }],
      givenUp: { segment: { from: 0, to: 3, failures: 2 }, condition: 'RecordAgeExpired', functionError: null },
    });
  });

  it('take the whole segment when none is fresh', () => {
    expect(
      expire(
        [
          { from: 0, to: 2, failures: 0 },
          { from: 2, to: 4, failures: 0 },
        ],
        () => true,
      ).pending,
    ).toEqual([{ from: 2, to: 4, failures: 0 }]);
  });

  it('change nothing when there are none', () => {
    expect(expire(wholeBatch(2), () => false)).toEqual({ pending: wholeBatch(2) });
  });
});

describe('whatever the function answers', () => {
  const answers = fc.infiniteStream(fc.oneof(fc.constant('settled'), fc.constant('refused'), fc.constant('function-error'), fc.nat(20)));
  const someRules = fc.record({ maximumRetryAttempts: fc.integer({ min: 0, max: 4 }), bisectOnFunctionError: fc.boolean() });

  const verdictOf = (answer: string | number, length: number): Verdict =>
    typeof answer === 'number' ? { kind: 'checkpoint', index: answer % length } : { kind: answer as 'settled' };

  it('every record is settled or given up exactly once, in order, and the head never moves back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), answers, someRules, (records, stream, given) => {
        let pending: Pending = wholeBatch(records);
        let left = 0;
        for (let [segment] = pending; segment !== undefined; [segment] = pending) {
          expect(segment.from).toBe(left);
          const { value } = stream.next();
          const step = advance(pending, verdictOf(value, segment.to - segment.from), given);
          const head = step.pending[0]?.from ?? records;
          expect(head).toBeGreaterThanOrEqual(left);
          if (step.givenUp !== undefined) expect(step.givenUp.segment).toMatchObject({ from: left, to: head });
          left = head;
          pending = step.pending;
        }
        expect(left).toBe(records);
      }),
    );
  });

  it('what is left is one unbroken run up to the end of the batch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), answers, someRules, (records, stream, given) => {
        let pending: Pending = wholeBatch(records);
        for (let [segment] = pending; segment !== undefined; [segment] = pending) {
          pending = advance(pending, verdictOf(stream.next().value, segment.to - segment.from), given).pending;
          const edges = [...pending.map((part) => part.from), records];
          expect(pending.map((part) => part.to)).toEqual(edges.slice(1));
          for (const part of pending) expect(part.failures).toBeLessThanOrEqual(given.maximumRetryAttempts);
        }
      }),
    );
  });
});
