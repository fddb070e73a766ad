import { createInterface } from 'node:readline/promises';
import { CommandError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/**
 * Asks a person before something is changed that cannot be taken back. Only `yes` confirms.
 * @param consequences - what will happen, in whole sentences.
 * @throws {CommandError} unless `--yes` was given or a person at the terminal says yes.
 */
export async function confirm(consequences: string, yes: boolean): Promise<void> {
  process.stderr.write(`${consequences}\n`);
  if (yes) return;
  if (!process.stdin.isTTY) throw new CommandError(EXIT.notConfirmed, 'nothing was changed: nobody can be asked here; say --yes to go on');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ctrl-C and the end of the input close the question without an answer.
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question('Type yes to go on: '), closed]);
    if (answer.trim().toLowerCase() !== 'yes') throw new CommandError(EXIT.notConfirmed, 'nothing was changed');
  } finally {
    lines.close();
  }
}
