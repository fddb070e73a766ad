import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import * as z from 'zod';
import type { Environment } from '../lib/config.ts';
import { SETTINGS } from '../lib/settings.ts';
import { wrongInput } from './errors.ts';

const FORMS = 'must be lines of NAME=value, a JSON object of texts, or what "aws lambda get-function-configuration" prints';

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
  const found = text.trimStart().startsWith('{') ? fromJson(text, path) : parseEnv(text);
  if (Object.keys(found).some((name) => Object.hasOwn(SETTINGS, name) || name.startsWith('AWS_'))) return found;
  throw wrongInput(`--config ${path}: holds no setting of a loader (docs/settings.md); ${FORMS}`);
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
    throw wrongInput(`--config ${path}: ${FORMS}`, { cause: error });
  }
}
