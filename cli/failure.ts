import { ConfigError } from '../lib/errors.ts';
import { CommandError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-code.ts';

/** How a failed command ends. */
interface Failure {
  readonly code: ExitCode;
  /** For people. */
  readonly text: string;
  /** For `--json`. */
  readonly value: { readonly name: string; readonly message: string; readonly faults?: readonly string[] };
}

/** Thrown by lib/ for what happens outside this program. */
const EXPECTED: ReadonlySet<string> = new Set([
  'LedgerUnavailable',
  'DeadLettersUnavailable',
  'CredentialsUnavailable',
  'ContractViolation',
]);

const MISSING_VARIABLE = /^[A-Z_]+: is missing/;
const WHERE_FROM = 'say it by --config <file>, by --set NAME=value or in the environment';

/** What people and scripts are told of an error; a fault of this program is shown with its stack. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return failureOf(new Error(String(error)));
  const { name, message } = error;
  if (error instanceof ConfigError) {
    const { faults } = error;
    const listed = `settings refused:\n${faults.map((fault) => `  ${fault}`).join('\n')}`;
    const text = faults.some((fault) => MISSING_VARIABLE.test(fault)) ? `${listed}\n${WHERE_FROM}` : listed;
    return { code: EXIT.wrongInput, text, value: { name, message, faults } };
  }
  const code = error instanceof CommandError ? error.exitCode : EXIT.failed;
  const isForeseen = error instanceof CommandError || EXPECTED.has(name);
  return { code, text: isForeseen ? message : (error.stack ?? message), value: { name, message } };
}
