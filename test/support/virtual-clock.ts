import { type Clock, systemClock } from '../../lib/clock.ts';
import { epochMillis, type Millis, millis } from '../../lib/units.ts';

/** A clock that stands still until it is told to move; sleeping moves it. Its alarms ring in real time. */
export interface VirtualClock extends Clock {
  advance(span: Millis): void;
}

export function virtualClock(start = 1_700_000_000_000): VirtualClock {
  let elapsed = 0;
  const advance = (span: Millis): void => {
    elapsed += span;
  };
  return {
    now: () => epochMillis(start + elapsed),
    elapsed: () => millis(elapsed),
    sleep: async (span) => advance(span),
    alarm: systemClock.alarm,
    random: () => 0.5,
    advance,
  };
}
