import { closest } from 'fastest-levenshtein';
import { type Config, type Environment, readConfig, readSettings } from '../lib/config.ts';
import { SETTINGS, type SettingName } from '../lib/settings.ts';
import { configFile } from './config-file.ts';
import { confirm } from './confirm.ts';
import { wrongInput } from './errors.ts';
import { interruption } from './interruption.ts';
import { type Output, outputOn } from './output.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly config?: string;
  /** Each `NAME=value`. */
  readonly set?: readonly string[];
}

/** What a command gets: how to talk, and the loader's settings, read when asked for so that each command needs only its own. */
export interface Session {
  readonly output: Output;
  /** Names those that are missing or wrong, and no others. @throws {ConfigError} */
  settings<N extends SettingName>(...names: readonly N[]): ReturnType<typeof readSettings<N>>;
  /** All variables, unchecked. */
  readonly env: Environment;
  /** Everything that the deployed function reads, checked as it checks it. @throws {ConfigError} */
  loaderConfig(): Config;
  /** @throws {CommandError} unless a person or `--yes` confirms. */
  confirm(consequences: string): Promise<void>;
  /** For work that may be stopped between two steps: asked there whether a person wants it to. */
  interruption(): () => boolean;
}

/**
 * Settings come from `--set`, then the environment, then the file of `--config`. What the file says of AWS is handed on to the SDK
 * where the environment does not say it.
 * @throws {CommandError} for a file that cannot be used, and for a setting that there is not.
 */
export function openSession({ json = false, yes = false, config, set = [] }: GlobalOptions, env: NodeJS.ProcessEnv): Session {
  const file = config === undefined ? {} : configFile(config);
  for (const [name, value] of Object.entries(file)) if (name.startsWith('AWS_')) env[name] ??= value;
  const output = outputOn(process, json, env);
  const merged: Environment = { ...file, ...env, ...Object.fromEntries(set.map(setting)) };
  return {
    output,
    env: merged,
    settings: (...names) => readSettings(merged, names),
    loaderConfig: () => readConfig(merged),
    confirm: (consequences) => confirm(consequences, yes),
    interruption: () => interruption(() => output.note('stopping after what is in hand; once more stops at once')),
  };
}

function setting(text: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (Object.hasOwn(SETTINGS, name)) return [name, value];
  // What stands behind the name may be a password.
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) throw wrongInput('--set: must be NAME=value with the name of a setting (docs/settings.md)');
  if (name.startsWith('AWS_'))
    throw wrongInput(`--set ${name}: belongs to the AWS SDK: say it in the environment or in the file of --config`);
  throw wrongInput(`--set ${name}: is no setting of a loader (docs/settings.md); did you mean ${meantBy(name)}?`);
}

/** The setting that a part of its name means, or the nearest. */
function meantBy(name: string): string {
  const known = Object.keys(SETTINGS);
  return known.find((setting) => setting.includes(name)) ?? closest(name, known);
}
