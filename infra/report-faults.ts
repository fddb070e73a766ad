import { ConfigError } from '../lib/errors.ts';

/** Runs a program to whose settings file people have to be told every fault, a line each; anything else that goes wrong is thrown. */
export function reportFaults(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.faults.map((fault) => `error: ${fault}`).join('\n')}\n`);
    process.exitCode = 1;
  }
}
