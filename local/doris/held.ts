/** Work that a fault put off: it runs after its time, or when it is released. */
export interface HeldTasks {
  /** @param ms - Absent: only {@link HeldTasks.release} runs it. */
  hold(ms: number | undefined, task: () => Promise<void>): void;
  /** Runs everything that waits, now, and resolves when it is done. */
  release(): Promise<void>;
}

/** Makes an empty set of held tasks. */
export function createHeldTasks(): HeldTasks {
  const waiting = new Map<() => Promise<void>, NodeJS.Timeout | undefined>();
  const running = new Set<Promise<void>>();

  async function run(task: () => Promise<void>): Promise<void> {
    if (!waiting.has(task)) return;
    clearTimeout(waiting.get(task));
    waiting.delete(task);
    const done = task();
    running.add(done);
    try {
      await done;
    } finally {
      running.delete(done);
    }
  }

  return {
    hold(ms, task) {
      waiting.set(
        task,
        ms === undefined
          ? undefined
          : setTimeout(() => {
              run(task).catch((error: unknown) => console.error('Doris stand-in: held work failed:', error));
            }, ms),
      );
    },
    async release() {
      await Promise.all([...[...waiting.keys()].map(run), ...running]);
    },
  };
}
