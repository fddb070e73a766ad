import type { Verdict } from './verdict.ts';

/** A run of records that is delivered as one event: places in the batch, the end not included. */
interface Segment {
  readonly from: number;
  readonly to: number;
  /** Deliveries of this run that counted against its retries. */
  readonly failures: number;
}

/** What is left of a batch, in shard order: the first segment is delivered next. */
export type Pending = readonly Segment[];

/** How often a segment is delivered, and whether it is cut in halves. */
export interface RetryRules {
  /** -1 for no bound. */
  readonly maximumRetryAttempts: number;
  readonly bisectOnFunctionError: boolean;
}

/** A segment that is not delivered again, and why. */
export interface GivenUp {
  readonly segment: Segment;
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExpired';
  /** `Unhandled` when the last invocation failed by itself, null when the function answered that it failed. */
  readonly functionError: 'Unhandled' | null;
}

/** The state after one delivery. */
export interface Step {
  readonly pending: Pending;
  readonly givenUp?: GivenUp;
}

/** A whole batch, not delivered yet. */
export function wholeBatch(records: number): Pending {
  return [{ from: 0, to: records, failures: 0 }];
}

/**
 * What comes next, when the first segment was delivered with this verdict. Progress gives the rest a fresh budget of retries, as
 * recorded from AWS; halving happens only when the invocation itself failed, and does not consume a retry.
 */
export function advance(pending: Pending, verdict: Verdict, rules: RetryRules): Step {
  const [segment, ...rest] = pending;
  if (segment === undefined) return { pending };
  switch (verdict.kind) {
    case 'settled':
      return { pending: rest };
    case 'checkpoint':
      if (verdict.index === 0) return countFailure(segment, rest, { rules, functionError: null });
      return { pending: [{ from: segment.from + verdict.index, to: segment.to, failures: 0 }, ...rest] };
    case 'refused':
      return countFailure(segment, rest, { rules, functionError: null });
    case 'function-error':
      if (rules.bisectOnFunctionError && segment.to - segment.from > 1) return { pending: [...halves(segment), ...rest] };
      return countFailure(segment, rest, { rules, functionError: 'Unhandled' });
    default:
      return verdict satisfies never;
  }
}

/** Takes the records at the head that are too old out of the first segment. */
export function expire(pending: Pending, isExpired: (place: number) => boolean): Step {
  const [segment, ...rest] = pending;
  if (segment === undefined) return { pending };
  let fresh = segment.from;
  while (fresh < segment.to && isExpired(fresh)) fresh += 1;
  if (fresh === segment.from) return { pending };
  const givenUp: GivenUp = { segment: { ...segment, to: fresh }, condition: 'RecordAgeExpired', functionError: null };
  return { pending: fresh === segment.to ? rest : [{ ...segment, from: fresh }, ...rest], givenUp };
}

function halves(segment: Segment): Pending {
  const middle = segment.from + Math.ceil((segment.to - segment.from) / 2);
  return [
    { ...segment, to: middle },
    { ...segment, from: middle },
  ];
}

function countFailure(
  segment: Segment,
  rest: Pending,
  { rules, functionError }: { readonly rules: RetryRules; readonly functionError: GivenUp['functionError'] },
): Step {
  const failed = { ...segment, failures: segment.failures + 1 };
  const { maximumRetryAttempts: most } = rules;
  if (most === -1 || failed.failures <= most) return { pending: [failed, ...rest] };
  return { pending: rest, givenUp: { segment: failed, condition: 'RetryAttemptsExhausted', functionError } };
}
