import { type Config, readConfig } from '../lib/config.ts';
import { ConfigError } from '../lib/errors.ts';
import type { SettingName } from '../lib/settings.ts';
import type { LoaderSettings } from './loader-settings.ts';
import { settingPath, variablesOf } from './variables.ts';

/** The variables that tell of resources of the stack. */
export type ResourceVariable =
  | 'LEDGER_TABLE'
  | 'DEAD_LETTER_QUEUE_URL'
  | 'DEAD_LETTER_BUCKET'
  | 'SOURCE_STREAM_ARN'
  | 'FUNCTION_TIMEOUT_SECONDS';

/** What the settings file decides of a function's environment. */
export interface Environment {
  readonly variables: Readonly<Partial<Record<SettingName, string>>>;
  /** As the function itself will read them. */
  readonly config: Config;
}

/** Names of resources are known only to CloudFormation; these stand for them while the environment is checked. */
const PLACEHOLDERS = {
  LEDGER_TABLE: 'ledger',
  DEAD_LETTER_QUEUE_URL: 'https://sqs.invalid/dead-letters',
  DEAD_LETTER_BUCKET: 'dead-letters',
} as const satisfies Partial<Record<ResourceVariable, string>>;

/**
 * The environment of a loader's function, read back by the function's own rules.
 * @param readText - reads a file that the settings name.
 * @throws {ConfigError} naming every fault by its place in the loader.
 */
export function environmentOf(loader: LoaderSettings, stack: string, readText: (file: string) => string): Environment {
  const variables = {
    LABEL_PREFIX: loader.name,
    METRICS_NAMESPACE: `DorisLambdaLoader/${stack}/${loader.name}`,
    ...variablesOf({ ...loader, iggy: loader.source.kind === 'iggy' ? loader.source : {} }),
    ...certificate(loader, readText),
  };
  try {
    return { variables, config: readConfig({ ...PLACEHOLDERS, ...variables }) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.faults.map(inSettingsTerms), { cause: error });
  }
}

function certificate({ doris: { caCertFile } }: LoaderSettings, readText: (file: string) => string): { DORIS_CA_CERT?: string } {
  if (caCertFile === undefined) return {};
  try {
    return { DORIS_CA_CERT: readText(caCertFile) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`doris.caCertFile: cannot be read: ${why}`], { cause: error });
  }
}

/** `DORIS_TABLE: is missing, and so is DORIS_ROUTES` is `doris.table: is missing, and so is doris.routes`. */
function inSettingsTerms(fault: string): string {
  return fault.replace('DORIS_CA_CERT', 'doris.caCertFile').replace(/\b[A-Z]{3,}(_[A-Z]+)+\b/g, (name) => settingPath(name));
}
