import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import * as z from 'zod';
import { ConfigError } from '../lib/errors.ts';
import { type Environment, environmentOf } from './environment.ts';
import { guardFaults } from './guards.ts';
import { type LoaderSettings, loaderSchema } from './loader-settings.ts';
import { networkSchema } from './network-settings.ts';

/** The settings file. */
export const settingsSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Where an editor finds what is allowed here.'),
    stack: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]{0,99}$/, 'must be 1-100 of [A-Za-z0-9-], a letter first')
      .describe('Name of the CloudFormation stack.'),
    loaders: z
      .array(loaderSchema)
      .min(1)
      .describe('Any number of loaders; a stack holds about 15 of them. They share ledger, bucket, network and dashboard.'),
    network: networkSchema,
    deadLetters: z
      .strictObject({
        bucket: z
          .boolean()
          .default(true)
          .describe('Creates an S3 bucket for payloads that no message can hold and for batches that Lambda gave up. Default: true.'),
      })
      .prefault({})
      .describe('Records that can never load.'),
    alarmTopicArn: z
      .string()
      .regex(/^arn:[-a-z]+:sns:[-a-z0-9]+:\d{12}:[-_A-Za-z0-9]{1,256}$/, 'must be the ARN of a standard SNS topic')
      .optional()
      .describe('SNS topic that hears alarms, and when they are over. Default: alarms are only shown.'),
    onDelete: z
      .enum(['retain', 'destroy'])
      .default('retain')
      .describe('What becomes of ledger, dead letters and created streams when the stack is deleted. Default: retain.'),
  })
  .describe('Settings of doris-lambda-loader.');

type SettingsFile = z.output<typeof settingsSchema>;

/** One loader, checked: its settings, and the environment of its function as far as the file decides it. */
export interface Loader extends LoaderSettings {
  readonly environment: Environment;
}

/** Settings that may be deployed. */
export interface Settings extends Omit<SettingsFile, 'loaders'> {
  readonly loaders: readonly Loader[];
}

/**
 * Reads and checks a settings file.
 * @throws {ConfigError} naming every fault at once: where, what is allowed, the value.
 */
export function readSettingsFile(path: string): Settings {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError([`${path}: cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`], { cause: error });
  }
  return checkSettings(given, dirname(path));
}

/**
 * Checks settings.
 * @param folder - where files that the settings name are looked for.
 * @throws {ConfigError} naming every fault at once.
 */
export function checkSettings(given: unknown, folder = '.'): Settings {
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => faultOf(issue, given)));
  const faults: string[] = [];
  const loaders = parsed.data.loaders.map((loader, index) => {
    try {
      return [{ ...loader, environment: environmentOf(loader, parsed.data.stack, (file) => readFileSync(resolve(folder, file), 'utf8')) }];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults.map((fault) => `loaders[${index}].${fault}`));
      return [];
    }
  });
  const settings = { ...parsed.data, loaders: loaders.flat() };
  faults.push(...guardFaults(settings));
  if (faults.length > 0) throw new ConfigError(faults);
  return settings;
}

/** `loaders[0].batch.size: Too big: expected number to be <=10000 (given 20000)` */
function faultOf(issue: z.core.$ZodIssue, given: unknown): string {
  const where = issue.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  const place = where.replace(/^\./, '') || 'settings';
  const value = issue.path.reduce<unknown>((part, step) => (part as Record<PropertyKey, unknown> | undefined)?.[step], given);
  if (issue.code === 'invalid_type' && value === undefined)
    return `${place}: is missing; ${issue.message.startsWith('must be ') ? issue.message : `must be ${issue.expected}`}`;
  if (issue.code === 'unrecognized_keys') return `${place}: ${issue.message}${suggestions(issue.keys)}`;
  const shown = issue.code === 'custom' || typeof value === 'object' || value === undefined ? '' : ` (given ${JSON.stringify(value)})`;
  return `${place}: ${issue.message}${shown}`;
}

/** Slips of the finger: `feUrl`, `windowSecond`. */
const MISSPELT_WITHIN = 2;

function suggestions(keys: readonly string[]): string {
  const known = [...propertiesOf(z.toJSONSchema(settingsSchema, { io: 'input' }))];
  const meant = keys.map((key) => closest(key, known)).filter((name, index) => distance(name, keys[index] ?? '') <= MISSPELT_WITHIN);
  return meant.length === 0 ? '' : `; did you mean ${meant.join(', ')}?`;
}

/** Names of all properties of a JSON schema, wherever they stand. */
function propertiesOf(node: unknown): Set<string> {
  if (typeof node !== 'object' || node === null) return new Set();
  const own = 'properties' in node && typeof node.properties === 'object' && node.properties !== null ? Object.keys(node.properties) : [];
  return new Set([...own, ...Object.values(node).flatMap((part) => [...propertiesOf(part)])]);
}
