import { setImmediate } from 'node:timers/promises';

/** Lets other work of the process run while a large body is read. */
export interface Pause {
  /** True when this turn has lasted long enough. Cheap enough to ask for every row. */
  due(): boolean;
  take(): Promise<void>;
}

const TURN_MILLIS = 5;
const ROWS_BETWEEN_LOOKS = 64;

/** Starts the first turn now. */
export function pauseEveryFewMillis(): Pause {
  let turnStart = performance.now();
  let asked = 0;
  return {
    due: () => ++asked % ROWS_BETWEEN_LOOKS === 0 && performance.now() - turnStart > TURN_MILLIS,
    take: async () => {
      await setImmediate();
      turnStart = performance.now();
    },
  };
}
