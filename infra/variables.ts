import * as z from 'zod';
import { checkText } from '../lib/check-text.ts';
import type { Setting } from '../lib/setting.ts';
import { SETTINGS, type SettingName } from '../lib/settings.ts';

/** Variables that the stack fills by itself, or that must not stand in a template; the others are settings of the file. */
const MADE_BY_THE_STACK: ReadonlySet<string> = new Set<SettingName>([
  'DORIS_USER',
  'DORIS_PASSWORD',
  'DORIS_CA_CERT',
  'LEDGER_TABLE',
  'DEAD_LETTER_QUEUE_URL',
  'DEAD_LETTER_BUCKET',
  'METRICS_NAMESPACE',
  'SOURCE_STREAM_ARN',
  'FUNCTION_TIMEOUT_SECONDS',
]);

/** Optional to a function, but not here: in its place user and password would stand in the template, in clear. */
const REQUIRED_HERE: ReadonlySet<string> = new Set<SettingName>(['DORIS_SECRET_ID']);

/** Part of the settings file in which a variable stands, by the beginning of its name. */
const PREFIXES = { doris: 'DORIS_', iggy: 'IGGY_', limits: '' } as const;

/** `doris` and `limits` of a loader, or `iggy` for what stands in its source. */
export type VariableGroup = keyof typeof PREFIXES;

const GROUPS: readonly VariableGroup[] = ['doris', 'iggy', 'limits'];

const definitions: readonly (readonly [name: string, setting: Setting<unknown>])[] = Object.entries(SETTINGS).filter(
  ([name]) => !MADE_BY_THE_STACK.has(name),
);

function groupOf(name: string): VariableGroup {
  return GROUPS.find((group) => name.startsWith(PREFIXES[group])) ?? 'limits';
}

/** `DORIS_FE_URLS` is `feUrls`, `MAX_LOAD_ROWS` is `maxLoadRows`. */
function propertyOf(name: string): string {
  const bare = name.slice(PREFIXES[groupOf(name)].length);
  return bare.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Where a variable stands in a loader of the settings file: `doris.feUrls`. */
export function settingPath(name: string): string {
  const group = groupOf(name);
  return `${group === 'iggy' ? 'source' : group}.${propertyOf(name)}`;
}

/** The properties of one group of the settings file, made from the definitions that the functions read their environment with. */
export function variableShape(group: VariableGroup): Record<string, z.ZodType> {
  const mine = definitions.filter(([name]) => groupOf(name) === group);
  return Object.fromEntries(mine.map(([name, setting]) => [propertyOf(name), propertySchema(name, setting)]));
}

function propertySchema(name: string, setting: Setting<unknown>): z.ZodType {
  const isRequired = REQUIRED_HERE.has(name) || (setting.fallback === undefined && !setting.optional);
  const checked = z.unknown().superRefine((value, context) => {
    const result = checkText(spelled(value), setting);
    if (value === undefined) context.addIssue({ code: 'custom', message: `must be ${setting.rule}` });
    else if (result.kind === 'fault') context.addIssue({ code: 'custom', message: result.fault });
  });
  const described = checked.meta({ ...editorSchema(name, setting), ...(isRequired ? {} : defaultOf(setting)) });
  return isRequired ? described : described.optional();
}

/** A value of the settings file as the text of its variable. */
function spelled(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'string')) return value.join(',');
  return JSON.stringify(value) ?? '';
}

/** What an editor completes and checks. What JSON cannot hold is a text, or a list of the parts between its commas. */
function editorSchema(name: string, setting: Setting<unknown>): Record<string, unknown> {
  const { $schema: _, ...shape } = z.toJSONSchema(setting.schema, { unrepresentable: 'any' });
  const listed = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] };
  return {
    description: `${setting.about}. Allowed: ${setting.rule}. Sets ${name}.`,
    ...(Object.keys(shape).length === 0 ? listed : shape),
  };
}

function defaultOf({ fallback }: Setting<unknown>): Record<string, unknown> {
  if (fallback === undefined) return {};
  return { default: /^(\d+(\.\d+)?|true|false|\[.*\])$/.test(fallback) ? JSON.parse(fallback) : fallback };
}

/** The variables that the given groups of a loader set. */
export function variablesOf(groups: Readonly<Record<VariableGroup, Readonly<Record<string, unknown>>>>): Record<string, string> {
  const set = definitions.map(([name]) => [name, groups[groupOf(name)][propertyOf(name)]] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== undefined).map(([name, value]) => [name, spelled(value)]));
}
