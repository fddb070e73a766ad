import { styleText } from 'node:util';

/** Where a command writes to. */
export interface Terminal {
  readonly stdout: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly stderr: { readonly isTTY?: boolean; write(text: string): unknown };
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Colours a text on a terminal, and leaves it alone elsewhere. */
export type Paint = (style: Style, text: string) => string;

/** How a command talks: results to stdout, everything else to stderr, so that a pipe gets the result alone. */
export interface Output {
  /** Prints a result once: the value under `--json`, the text for people otherwise. */
  result(value: unknown, text: (paint: Paint) => string): void;
  /** A remark beside the result. */
  note(text: string): void;
  /** How far a long work is: one line that changes, on a terminal only. */
  progress(text: string): void;
}

const CLEAR_LINE = '\r\u001b[2K';

/** @param env - `NO_COLOR` and `TERM=dumb` turn colours off. */
export function outputOn(terminal: Terminal, json: boolean, env: Readonly<Record<string, string | undefined>>): Output {
  const { stdout, stderr } = terminal;
  const coloured = stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const paint: Paint = (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text);
  let underway = false;
  const clear = () => {
    if (underway) stderr.write(CLEAR_LINE);
    underway = false;
  };
  return {
    result(value, text) {
      clear();
      stdout.write(`${json ? JSON.stringify(value, undefined, 2) : text(paint)}\n`);
    },
    note(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (stderr.isTTY !== true) return;
      stderr.write(`${CLEAR_LINE}${text}`);
      underway = true;
    },
  };
}
