import type { Clock } from './clock.ts';
import { type EpochMillis, epochMillis, type Millis, millis } from './units.ts';

/** The moment by which something has to be over. Counts on a clock that never jumps. */
export interface Deadline {
  /** Time left; zero when it has passed, never negative. */
  remaining(): Millis;
  /** The same moment on the wall clock, for claims that other invocations read. */
  readonly at: EpochMillis;
  /** A deadline that is over earlier by the given span. */
  before(span: Millis): Deadline;
}

/** The deadline that lies `span` from now. */
export function deadlineIn(span: Millis, clock: Clock): Deadline {
  const end = clock.elapsed() + span;
  return {
    remaining: () => millis(Math.max(0, end - clock.elapsed())),
    at: epochMillis(clock.now() + span),
    before: (earlier) => deadlineIn(millis(end - clock.elapsed() - earlier), clock),
  };
}

/** Kept back from an invocation for settling and answering. */
const LEAST_MARGIN = 500;
const MOST_MARGIN = 5_000;

/** The moments by which the parts of one invocation have to be over, each leaving time for what comes after it. */
export interface InvocationDeadlines {
  readonly loads: Deadline;
  /** For the dead letters of rows that the last load refused. */
  readonly letters: Deadline;
  /** For settling, and for letting go of claims when the queue was silent to its own end. */
  readonly ledger: Deadline;
}

/**
 * A tenth of what an invocation has left, 0.5 to 5 s, is kept from its loads: two fifths of it for dead letters, two fifths for the ledger,
 * the rest for the answer.
 */
export function invocationDeadlines(remaining: Millis, clock: Clock): InvocationDeadlines {
  const margin = Math.min(MOST_MARGIN, Math.max(LEAST_MARGIN, remaining / 10));
  const keeping = (share: number): Deadline => deadlineIn(millis(remaining - margin * share), clock);
  return { loads: keeping(1), letters: keeping(0.6), ledger: keeping(0.2) };
}
