/** Work that nobody waits for but that has to end before the engine closes. */
export interface Pending {
  /** @param work - Must not reject. */
  track(work: Promise<void>): void;
  /** Resolves when nothing runs any more. */
  settled(): Promise<void>;
}

/** Makes an empty set of pending work. */
export function createPending(): Pending {
  const running = new Set<Promise<void>>();
  return {
    track(work) {
      running.add(work);
      work.finally(() => running.delete(work));
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
