import { EXIT, type ExitCode } from './exit-code.ts';

/** Ends a command with one message for people. Thrown by commands; {@link main} prints it and exits with its code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** An argument is wrong: nothing was done. */
export function wrongInput(message: string, options?: ErrorOptions): CommandError {
  return new CommandError(EXIT.wrongInput, message, options);
}

/** Something outside did not do what was asked. */
export function failed(message: string, options?: ErrorOptions): CommandError {
  return new CommandError(EXIT.failed, message, options);
}
