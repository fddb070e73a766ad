import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import * as z from 'zod';
import type { Environment } from '../lib/config.ts';
import { wrongInput } from './errors.ts';

const variables = z.record(z.string(), z.string());
/** What `aws lambda get-function-configuration` prints of a deployed loader. */
const functionConfiguration = z
  .object({ Environment: z.object({ Variables: variables }) })
  .transform((value) => value.Environment.Variables);

/**
 * Variables of a file: lines of `NAME=value`, a JSON object of texts, or what `aws lambda get-function-configuration` prints.
 * @throws {CommandError}
 */
export function configFile(path: string): Environment {
  const text = readText(path);
  return text.trimStart().startsWith('{') ? fromJson(text, path) : parseEnv(text);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw wrongInput(`--config ${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function fromJson(text: string, path: string): Environment {
  try {
    return z.union([functionConfiguration, variables]).parse(JSON.parse(text));
  } catch (error) {
    // Neither the parser's nor the schema's message goes out: both may quote a password.
    throw wrongInput(
      `--config ${path}: must be lines of NAME=value, a JSON object of texts, or what "aws lambda get-function-configuration" prints`,
      { cause: error },
    );
  }
}
