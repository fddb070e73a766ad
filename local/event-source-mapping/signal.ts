/** Wakes those who wait for a change, however many they are. */
export interface Signal {
  notify(): void;
  /** Resolves at the next notification, or after the time when one is given. */
  wait(atMostMillis?: number): Promise<void>;
}

export function createSignal(): Signal {
  const waiting = new Set<() => void>();
  return {
    notify: () => {
      for (const wake of [...waiting]) wake();
    },
    wait: (atMostMillis) =>
      new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          clearTimeout(timer);
          resolve();
        };
        const timer = atMostMillis === undefined ? undefined : setTimeout(wake, Math.max(0, atMostMillis));
        waiting.add(wake);
      }),
  };
}
