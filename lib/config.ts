import { closest, distance } from 'fastest-levenshtein';
import type * as z from 'zod';
import { checkText } from './check-text.ts';
import { type IggyConfig, iggyContradictions, iggyOf } from './config-iggy.ts';
import type { FullSettings } from './doris/settings.ts';
import { ConfigError } from './errors.ts';
import type { LoadRules } from './pipeline.ts';
import { type Routing, routedFields } from './plan/route.ts';
import type { Target } from './ports.ts';
import type { Setting } from './setting.ts';
import { SETTINGS, type SettingName } from './settings.ts';
import type { LabelMemory } from './settle/label-memory.ts';
import type { DecodeRules } from './source/kinesis.ts';
import { bytes, millis, seconds } from './units.ts';

/** Who Doris is told that we are. */
export type CredentialSource =
  | { readonly kind: 'fixed'; readonly username: string; readonly password: string }
  | { readonly kind: 'secret'; readonly id: string };

/** Everything that the environment decides, checked. */
export interface Config {
  readonly doris: Omit<FullSettings, 'credentials' | 'frontendTimeout' | 'continueTimeout' | 'abortTimeout' | 'onAttempt'> & {
    readonly credentials: CredentialSource;
  };
  readonly decode: DecodeRules;
  readonly iggy: IggyConfig;
  readonly load: LoadRules;
  readonly ledgerTable: string;
  readonly deadLetters: { readonly queueUrl: string; readonly bucket?: string; readonly maxBytes: number };
  readonly metricsNamespace: string;
}

/** How far apart the clocks of two Lambda machines may be, generously. */
const CLOCK_GRACE_MS = 2_000;

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;
type Value<N extends SettingName> =
  | z.output<(typeof SETTINGS)[N]['schema']>
  | ((typeof SETTINGS)[N] extends { optional: true } ? undefined : never);
type Values = { readonly [N in SettingName]: Value<N> };

/**
 * Reads the environment. Names that look like a misspelt setting are refused, since that would silently be its default.
 * @throws {ConfigError} naming every fault at once: the variable, the value (never a secret) and what is allowed.
 */
export function readConfig(env: Environment): Config {
  const faults: string[] = [];
  const values = valuesOf(env, Object.keys(SETTINGS) as SettingName[], faults);
  faults.push(...unknownNames(env), ...contradictions(values, env));
  if (faults.length > 0) throw new ConfigError(faults);
  return configOf(values);
}

/**
 * Reads a few settings, whatever the others are: for those who need no more of the environment than that.
 * @throws {ConfigError} naming every fault among them at once.
 */
export function readSettings<N extends SettingName>(env: Environment, names: readonly N[]): Pick<Values, N> {
  const faults: string[] = [];
  const values = valuesOf(env, names, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return values;
}

function valuesOf<N extends SettingName>(env: Environment, names: readonly N[], faults: string[]): Pick<Values, N> {
  const read = names.map((name) => [name, readSetting(name, SETTINGS[name], env, faults)]);
  return Object.fromEntries(read) as Pick<Values, N>;
}

function readSetting(name: string, setting: Setting<unknown>, env: Environment, faults: string[]): unknown {
  const given = givenIn(env, name, setting) ?? setting.fallback;
  if (given === undefined) {
    if (!setting.optional) faults.push(`${name}: is missing; must be ${setting.rule}`);
    return undefined;
  }
  const checked = checkText(given, setting);
  if (checked.kind === 'value') return checked.value;
  faults.push(`${name}: ${checked.fault}`);
  return undefined;
}

/** The text of a variable; empty counts as absent, but where empty text is a value. */
function givenIn(env: Environment, name: string, { mayBeEmpty }: Setting<unknown>): string | undefined {
  return env[name] === '' && !mayBeEmpty ? undefined : env[name];
}

/** One slip of the finger: a letter more, a letter less, another letter, two in the wrong order. */
const MISSPELT_WITHIN = 2;

/**
 * `DORIS_*` belongs to this loader: any other name there is refused. Elsewhere an operator may have variables of their own, so a name is
 * refused only when it is a setting's but for letter case and a slip; those of AWS, Lambda and Node are far from that.
 */
function unknownNames(env: Environment): string[] {
  const known = Object.keys(SETTINGS);
  return Object.keys(env)
    .filter((name) => !Object.hasOwn(SETTINGS, name))
    .map((name) => ({ name, meant: closest(name.toUpperCase(), known) }))
    .filter(({ name, meant }) => name.startsWith('DORIS_') || distance(name.toUpperCase(), meant) <= MISSPELT_WITHIN)
    .map(({ name, meant }) => `${name}: is no setting of this loader; did you mean ${meant}?`);
}

function contradictions(values: Values, env: Environment): string[] {
  const faults: string[] = [];
  // A value that was refused is not missing: it has its own fault.
  const isGiven = (name: SettingName) => givenIn(env, name, SETTINGS[name]) !== undefined;
  const hasSecret = isGiven('DORIS_SECRET_ID');
  if (hasSecret && (isGiven('DORIS_USER') || isGiven('DORIS_PASSWORD')))
    faults.push('DORIS_SECRET_ID: goes without DORIS_USER and DORIS_PASSWORD');
  if (!hasSecret && !isGiven('DORIS_USER')) faults.push('DORIS_USER: is missing, and so is DORIS_SECRET_ID');
  if (!hasSecret && !isGiven('DORIS_PASSWORD')) faults.push('DORIS_PASSWORD: is missing, and so is DORIS_SECRET_ID; it may be empty');
  if (!isGiven('DORIS_TABLE') && values.DORIS_ROUTES?.length === 0) faults.push('DORIS_TABLE: is missing, and so is DORIS_ROUTES');
  return [
    ...faults,
    ...pointlessGroupCommit(values),
    ...packedGroupCommit(values),
    ...overwrittenRoutes(values),
    ...iggyContradictions(values.IGGY_BODIES, isGiven),
  ];
}

function pointlessGroupCommit({ DORIS_GROUP_COMMIT: answer, DORIS_LOAD_MODE: mode }: Values): string[] {
  if (answer === undefined || (mode !== 'labelled' && mode !== 'two-phase')) return [];
  return [`DORIS_GROUP_COMMIT: goes with DORIS_LOAD_MODE=group-commit-may-duplicate only (DORIS_LOAD_MODE is ${mode})`];
}

/** Group commit stores the good rows of a load and filters the bad ones: a backend that does not unpack would not refuse packed bytes (reference 3.2). */
function packedGroupCommit({ DORIS_COMPRESSION: compression, DORIS_LOAD_MODE: mode }: Values): string[] {
  if (compression !== 'gzip' || mode !== 'group-commit-may-duplicate') return [];
  return [`DORIS_COMPRESSION: must be none where DORIS_LOAD_MODE is ${mode} (given "gzip")`];
}

/** A row holds what its position columns say: routed by the producer's own field of that name, it would lie where nobody looks for it. */
function overwrittenRoutes({ DORIS_ROUTES: routes = [], ...values }: Values): string[] {
  const columns = { ...values.DORIS_POSITION_COLUMNS, ...values.IGGY_METADATA_COLUMNS };
  const fields = new Set(routes.map(({ field }) => field));
  return Object.values(columns)
    .filter((column) => fields.has(column))
    .map((column) => `DORIS_ROUTES: field ${column} is a column of DORIS_POSITION_COLUMNS or IGGY_METADATA_COLUMNS, which takes its place`);
}

function configOf(values: Values): Config {
  const routing = routingOf(values);
  const bucket = values.DEAD_LETTER_BUCKET;
  return {
    doris: dorisOf(values),
    decode: decodeOf(values, routing),
    iggy: iggyOf(values),
    load: {
      routing,
      labelPrefix: values.LABEL_PREFIX,
      limits: { maxRows: values.MAX_LOAD_ROWS, maxBytes: bytes(values.MAX_LOAD_BYTES) },
      fuseShare: values.POISON_FUSE_SHARE,
      fuseRows: values.POISON_FUSE_ROWS,
      isolationLoads: values.ISOLATION_LOADS,
      attemptGrace: millis(values.DORIS_CONNECT_TIMEOUT_MS + CLOCK_GRACE_MS),
      labelMemory: labelMemoryOf(values),
      onUnverifiable: values.ON_UNVERIFIABLE,
      positionColumns: values.DORIS_POSITION_COLUMNS ?? {},
    },
    ledgerTable: values.LEDGER_TABLE,
    deadLetters: {
      queueUrl: values.DEAD_LETTER_QUEUE_URL,
      maxBytes: values.DEAD_LETTER_MAX_BYTES,
      ...(bucket === undefined ? {} : { bucket }),
    },
    metricsNamespace: values.METRICS_NAMESPACE,
  };
}

function decodeOf(values: Values, routing: Routing): DecodeRules {
  const positionColumns = values.DORIS_POSITION_COLUMNS;
  return {
    maxRowBytes: bytes(values.MAX_ROW_BYTES),
    maxBatchBytes: bytes(values.MAX_BATCH_BYTES),
    keepFields: routedFields(routing),
    longNumbers: values.DORIS_LONG_NUMBERS,
    ...(positionColumns === undefined ? {} : { positionColumns }),
  };
}

function labelMemoryOf({
  LABEL_MEMORY_SECONDS: longest,
  LABEL_MEMORY_TRANSACTIONS: counted,
  DATABASE_TRANSACTIONS_PER_SECOND: rate,
}: Values): LabelMemory {
  const transactions = counted === 0 ? Number.POSITIVE_INFINITY : counted;
  return { longest: seconds(longest), shortest: seconds(Math.min(longest, transactions / rate)), transactions };
}

function dorisOf(values: Values): Config['doris'] {
  const { DORIS_CA_CERT: caCert, DORIS_SEQUENCE_COLUMN: sequenceColumn, DORIS_TIME_ZONE: timeZone } = values;
  return {
    frontends: values.DORIS_FE_URLS,
    credentials: credentialsOf(values),
    redirects: values.DORIS_REDIRECT_HOSTS ?? { entries: [] },
    allowInsecureRedirect: values.DORIS_ALLOW_INSECURE_REDIRECT,
    route: values.DORIS_LOAD_VIA,
    backendAddresses: values.DORIS_BACKEND_ADDRESSES ?? new Map(),
    maxAttempts: values.DORIS_MAX_ATTEMPTS,
    maxLoadTimeout: seconds(values.DORIS_LOAD_TIMEOUT_SECONDS),
    connectTimeout: millis(values.DORIS_CONNECT_TIMEOUT_MS),
    mode: values.DORIS_LOAD_MODE,
    groupCommit: values.DORIS_GROUP_COMMIT ?? 'sync',
    compression: values.DORIS_COMPRESSION,
    ...(caCert === undefined ? {} : { caCert }),
    ...(sequenceColumn === undefined ? {} : { sequenceColumn }),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
}

function credentialsOf({ DORIS_SECRET_ID: id, DORIS_USER: username = '', DORIS_PASSWORD: password = '' }: Values): CredentialSource {
  return id === undefined ? { kind: 'fixed', username, password } : { kind: 'secret', id };
}

function routingOf({ DORIS_DATABASE: database, DORIS_TABLE: table, DORIS_ROUTES, ...limits }: Values): Routing {
  const rules = DORIS_ROUTES.map(({ stream, topic, field, equals, table: name }) => ({
    target: targetOf(name, database),
    ...(topic === undefined ? {} : { topic }),
    ...(stream === undefined ? {} : { stream }),
    ...(field === undefined ? {} : { field }),
    ...(equals === undefined ? {} : { equals }),
  }));
  const readable = { maxRowBytes: bytes(limits.MAX_ROW_BYTES), maxBatchBytes: bytes(limits.MAX_BATCH_BYTES) };
  return { rules, ...readable, ...(table === undefined ? {} : { defaultTarget: { database, table } }) };
}

function targetOf(name: string, database: string): Target {
  const [first = '', second] = name.split('.');
  return second === undefined ? { database, table: first } : { database: first, table: second };
}
