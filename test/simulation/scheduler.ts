/** Runs a world on virtual time: one event after the other, and every promise that can go on goes on before the next. */
export interface Scheduler {
  /** Whole milliseconds since the start. */
  now(): number;
  /** @returns what calls it off. An event that was called off moves no clock. */
  at(time: number, run: () => void): () => void;
  pause(span: number): Promise<void>;
  /** Until nothing is left to happen, or it is told to stop. */
  run(stopped: () => boolean): Promise<void>;
}

interface Happening {
  readonly time: number;
  run: (() => void) | undefined;
}

/** An empty schedule at time 0. */
export function newScheduler(): Scheduler {
  /** Latest first, so that the next one is at the end. Of equals, the one that was planned first comes first. */
  const agenda: Happening[] = [];
  let now = 0;
  const at = (time: number, run: () => void): (() => void) => {
    const happening: Happening = { time: Math.max(now, Math.ceil(time)), run };
    agenda.splice(placeOf(agenda, happening.time), 0, happening);
    return () => {
      happening.run = undefined;
    };
  };
  return {
    now: () => now,
    at,
    pause: (span) => new Promise((resolve) => at(now + span, resolve)),
    run: async (stopped) => {
      for (let next = agenda.pop(); next !== undefined && !stopped(); next = agenda.pop()) {
        if (next.run === undefined) continue;
        now = next.time;
        next.run();
        await everyPromiseSettled();
      }
    },
  };
}

function placeOf(agenda: readonly Happening[], time: number): number {
  let low = 0;
  let high = agenda.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((agenda[middle]?.time ?? 0) > time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Node empties its queue of microtasks before the next immediate. */
function everyPromiseSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
