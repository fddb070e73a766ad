import type { Command } from 'commander';
import type { ExitCode } from './exit-code.ts';
import type { Session } from './session.ts';

/** Turns what a command does into an action of commander, which is given the arguments, the command's own options and the command. */
export type Act = <Given extends readonly unknown[]>(
  run: (session: Session, ...given: Given) => Promise<ExitCode>,
) => (...given: [...Given, Command]) => Promise<void>;

/** Gives a command, or a group of them, its arguments, options, help and examples. */
export type Register = (command: Command, act: Act) => void;

/** Examples at the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ doris-loader ${line}`).join('\n')}`;
}
