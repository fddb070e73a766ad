/** Where the stand-in takes its time from: tests move it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() };
