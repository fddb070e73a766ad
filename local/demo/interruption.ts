/** Somebody wants the run to end. */
export interface Interruption {
  readonly signal: 'SIGINT' | 'SIGTERM';
  /** What a shell reports for a program that this signal ended. */
  readonly exitCode: number;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Resolves at the first Ctrl-C or SIGTERM. The second one ends the process at once, and with it whatever it has started. */
export function whenInterrupted(): Promise<Interruption> {
  return new Promise((resolve) => {
    const listenTo = (signal: Interruption['signal']) => process.once(signal, () => resolve({ signal, exitCode: EXIT_CODES[signal] }));
    listenTo('SIGINT');
    listenTo('SIGTERM');
  });
}
