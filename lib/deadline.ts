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

/** When loads have to be over in an invocation that has `remaining` left: a tenth of it, 0.5 to 5 s, is kept for settling and answering. */
export function invocationDeadline(remaining: Millis, clock: Clock): Deadline {
  return deadlineIn(millis(remaining - Math.min(MOST_MARGIN, Math.max(LEAST_MARGIN, remaining / 10))), clock);
}
