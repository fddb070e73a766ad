import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { ConfigError } from '../lib/errors.ts';
import { type Environment, environmentOf } from './environment.ts';
import { guardFaults } from './guards.ts';
import { type LoaderSettings, loaderSchema } from './loader-settings.ts';
import { networkSchema } from './network-settings.ts';
import { faultsIn, type Part } from './settings-faults.ts';
import { flag, oneOf, several, text } from './values.ts';

/** The settings file. */
export const settingsSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Where an editor finds what is allowed here.'),
    stack: text(/^[A-Za-z][A-Za-z0-9-]{0,99}$/, 'must be 1-100 of [A-Za-z0-9-], a letter first').describe(
      'Name of the CloudFormation stack.',
    ),
    loaders: several(loaderSchema).describe(
      'Any number of loaders; a stack holds 10 to 15 of them. They share ledger, bucket, network and dashboard.',
    ),
    network: networkSchema,
    deadLetters: z
      .strictObject({
        bucket: flag()
          .default(true)
          .describe('Creates an S3 bucket for payloads that no message can hold and for batches that Lambda gave up. Default: true.'),
      })
      .prefault({})
      .describe('Records that can never load.'),
    ledgerTable: text(/^[-_.A-Za-z0-9]{3,255}$/, 'must be the name of a DynamoDB table')
      .optional()
      .describe(
        'Ledger of another stack, its output LedgerTable, for loaders that move here or a stack that is made anew: they go on where they were. Whoever shares it has a label prefix of its own. Default: a new one.',
      ),
    alarmTopicArn: text(/^arn:[-a-z]+:sns:[-a-z0-9]+:\d{12}:[-_A-Za-z0-9]{1,256}$/, 'must be the ARN of a standard SNS topic')
      .optional()
      .describe('SNS topic that hears alarms, and when they are over. Default: alarms are only shown.'),
    onDelete: oneOf('retain', 'destroy')
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
  if (!parsed.success) throw new ConfigError(faultsOf(parsed.error, given));
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

function faultsOf({ issues }: z.ZodError, given: unknown): string[] {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input' }) as Part;
  return issues.flatMap((issue) => faultsIn(issue, given, schema));
}
