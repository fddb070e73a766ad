import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What was given on the command line for these options. @throws {RangeError} in one sentence for arguments that are none of them. */
export function parseArguments<const Options extends NonNullable<ParseArgsConfig['options']>>(argv: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new RangeError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** @throws {RangeError} in one sentence that names the argument, its value and what is allowed. */
export function wholeNumber(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= from && value <= to) return value;
  throw new RangeError(`${name} must be a whole number from ${from} to ${to} (given ${text})`);
}

/** What the arguments say, or undefined when they are wrong, which was said together with the usage. */
export function readOrExplain<Options>(read: () => Options, usage: string): Options | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}\n`);
    return undefined;
  }
}
