const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * From now on the first Ctrl-C or SIGTERM does not end this process: long work ends at its next good place. A second one ends it at once.
 * @param onFirst - tells the person.
 */
export function interruption(onFirst: () => void): () => boolean {
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    for (const signal of SIGNALS) process.removeListener(signal, interrupt);
    onFirst();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return () => interrupted;
}
