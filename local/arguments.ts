import { type ParseArgsConfig, parseArgs } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';

const MOST_SLIPS = 3;

/** What was given on the command line for these options. @throws {RangeError} in one sentence for arguments that are none of them. */
export function parseArguments<const Options extends NonNullable<ParseArgsConfig['options']>>(argv: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const meant = meantBy(/^Unknown option '--([^']+)'/.exec(message)?.[1], Object.keys(options));
    throw new RangeError(meant === undefined ? message : `${message}; did you mean --${meant}?`, { cause: error });
  }
}

/** The option that a slip of three letters or a short form means, if there is one. */
function meantBy(unknown: string | undefined, names: readonly string[]): string | undefined {
  if (unknown === undefined) return undefined;
  const longer = names.find((name) => name.startsWith(unknown));
  if (longer !== undefined) return longer;
  const nearest = closest(unknown, names);
  return distance(unknown, nearest) <= MOST_SLIPS ? nearest : undefined;
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
