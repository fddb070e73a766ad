import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkSettings } from '../../infra/settings.ts';
import { settingsJsonSchema } from '../../infra/settings-schema.ts';
import { ConfigError } from '../../lib/errors.ts';
import { SETTINGS } from '../../lib/settings.ts';
import { aLoader, anIggyLoader, settingsWith } from './settings-builder.ts';
import { templateOf } from './synthesise.ts';

/** The faults that a settings file is refused with. */
function faultsOf(settings: unknown): readonly string[] {
  try {
    checkSettings(settings);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

function environmentOf(loader: object) {
  return checkSettings(settingsWith(loader)).loaders[0]?.environment.variables;
}

interface Property {
  readonly description?: string;
  readonly const?: string;
}

/** Every property of a JSON schema, with its path. */
function propertiesOf(node: unknown, path: string): [path: string, property: Property][] {
  if (typeof node !== 'object' || node === null) return [];
  const { properties = {} } = node as { readonly properties?: Readonly<Record<string, Property>> };
  const own = Object.entries(properties).map(([name, property]): [string, Property] => [`${path}.${name}`, property]);
  return [...own, ...Object.entries(node).flatMap(([key, part]) => propertiesOf(part, `${path}.${key}`))];
}

describe('the environment of a function', () => {
  it('holds the certificate authority, as its file beside the settings has it', () => {
    const folder = new URL('../../infra/examples/', import.meta.url).pathname;
    const [loader] = checkSettings(settingsWith(aLoader({ doris: { caCertFile: 'doris-ca.pem' } })), folder).loaders;

    expect(loader?.environment.variables.DORIS_CA_CERT).toBe(readFileSync(`${folder}doris-ca.pem`, 'utf8'));
  });

  it('has a variable for each setting of Doris and of the limits that the file names', () => {
    const loader = aLoader({ doris: { loadVia: 'backend', loadTimeoutSeconds: 60 }, limits: { maxLoadRows: 1000, poisonFuseShare: 0.1 } });

    expect(environmentOf(loader)).toEqual({
      DORIS_FE_URLS: 'https://doris.example.com:8030',
      DORIS_SECRET_ID: 'doris/loader',
      DORIS_DATABASE: 'shop',
      DORIS_TABLE: 'orders',
      DORIS_LOAD_VIA: 'backend',
      DORIS_LOAD_TIMEOUT_SECONDS: '60',
      MAX_LOAD_ROWS: '1000',
      POISON_FUSE_SHARE: '0.1',
      LABEL_PREFIX: 'orders',
      METRICS_NAMESPACE: 'DorisLambdaLoader/Loaders/orders',
    });
  });

  it('has lists with commas, and routes as JSON', () => {
    const routes = [{ field: 'type', equals: 'refund', table: 'refunds' }];
    const loader = aLoader({
      doris: { feUrls: ['https://fe1:8030', 'https://fe2:8030'], redirectHosts: ['*.doris.internal', '10.0.0.0/8'], routes },
    });

    expect(environmentOf(loader)).toMatchObject({
      DORIS_FE_URLS: 'https://fe1:8030,https://fe2:8030',
      DORIS_REDIRECT_HOSTS: '*.doris.internal,10.0.0.0/8',
      DORIS_ROUTES: JSON.stringify(routes),
    });
  });

  it('has the label prefix of the file when it names one', () => {
    expect(environmentOf(aLoader({ limits: { labelPrefix: 'shop_v2' } }))).toMatchObject({ LABEL_PREFIX: 'shop_v2' });
  });
});

describe('a settings file with faults', () => {
  it('is refused with all of them at once, each with its place, its rule and the value', () => {
    const loader = aLoader({
      source: { streamArn: 'orders' },
      doris: { feUrls: 'doris:8030', maxAttempts: 21 },
      limits: { maxLoadRows: 'many' },
      batch: { size: 20_000, windowSeconds: 0 },
    });

    expect(faultsOf({ ...settingsWith(loader), stack: 'my stack' })).toEqual([
      'stack: must be 1-100 of [A-Za-z0-9-], a letter first (given "my stack")',
      'loaders[0].source.streamArn: must be the ARN of a Kinesis stream (given "orders")',
      'loaders[0].doris.feUrls: must be comma-separated http(s)://host:port, without credentials (given "doris:8030")',
      'loaders[0].doris.maxAttempts: must be whole number from 1 to 20 (given "21")',
      'loaders[0].limits.maxLoadRows: must be whole number from 1 to 10000000 (given "many")',
      'loaders[0].batch.size: must be whole number from 1 to 10000 (given 20000)',
      'loaders[0].batch.windowSeconds: must be whole number from 1 to 300 (given 0)',
    ]);
  });

  it('names a part that is missing, and the values that are allowed where they are few', () => {
    expect(faultsOf({ stack: 'Loaders' })).toEqual(['loaders: is missing; must be a list']);
    expect(faultsOf(settingsWith(aLoader({ function: { logRetentionDays: 45 } })))).toEqual([
      expect.stringMatching(/^loaders\[0\]\.function\.logRetentionDays: must be one of 1, 3, 5, .* \(given 45\)$/),
    ]);
  });

  it('names what is missing', () => {
    const { database: _, ...doris } = aLoader().doris;
    expect(faultsOf(settingsWith({ ...aLoader(), doris }))).toEqual([
      'loaders[0].doris.database: is missing; must be name of letters, digits, - and _',
    ]);
  });

  it('shows no credentials', () => {
    const loader = aLoader({ doris: { feUrls: 'https://me:hunter2@fe:8030', secretId: '{"username":"me","password":"hunter2"}' } });
    const faults = faultsOf(settingsWith(loader));
    expect(faults).toHaveLength(2);
    expect(faults.join()).not.toContain('hunter2');
  });

  it('names what it does not know, since a misspelt setting would silently be its default', () => {
    expect(faultsOf(settingsWith(aLoader({ batch: { windowSecond: 5 } })))).toEqual([
      'loaders[0].batch: does not know "windowSecond"; did you mean windowSeconds?',
    ]);
    expect(faultsOf(settingsWith(aLoader({ batch: { windowSecs: 5 } })))).toEqual([
      'loaders[0].batch: does not know "windowSecs"; did you mean windowSeconds?',
    ]);
    expect(faultsOf(settingsWith(aLoader(), { alarmTopic: 'x' }))).toEqual([
      'settings: does not know "alarmTopic"; did you mean alarmTopicArn?',
    ]);
  });

  it('is told where a setting stands, or what is allowed in its place', () => {
    expect(faultsOf(settingsWith({ ...aLoader({ source: { shards: 4 } }), memoryMb: 512, batch: { tumble: 1 } }))).toEqual([
      'loaders[0].source: does not know "shards"; it stands in loaders[].source of kind new-kinesis-stream',
      'loaders[0].batch: does not know "tumble"; allowed: size, windowSeconds',
      'loaders[0]: does not know "memoryMb"; it stands in loaders[].function',
    ]);
  });

  it('is told of every kind of value what is allowed', () => {
    const network = { kind: 'vpc', vpcId: 'vpc-1', subnetIds: [], doris: [{ cidr: '10.20.0.0', ports: ['8030'] }] };
    const loader = aLoader({ source: { kind: 'kinsis' }, function: { xray: 'yes', logLevel: 'TRACE' }, traffic: { recordsPerSecond: 0 } });
    expect(faultsOf(settingsWith(loader, { network, onDelete: 'keep' }))).toEqual([
      'loaders[0].source.kind: must be kinesis, new-kinesis-stream or iggy (given "kinsis")',
      'loaders[0].function.logLevel: must be DEBUG, INFO, WARN or ERROR (given "TRACE")',
      'loaders[0].function.xray: must be true or false (given "yes")',
      'loaders[0].traffic.recordsPerSecond: must be number above 0 (given 0)',
      'loaders[0].traffic.recordBytes: is missing; must be number above 0',
      'network.vpcId: must be the id of a VPC, vpc- and 8 or 17 of [0-9a-f] (given "vpc-1")',
      'network.subnetIds: must not be empty',
      'network.doris[0].cidr: must be a network, such as 10.20.0.0/16 (given "10.20.0.0")',
      'network.doris[0].ports[0]: must be whole number from 1 to 65535 (given "8030")',
      'network.aws: is missing; must be an object whose kind is endpoints or nat',
      'onDelete: must be retain or destroy (given "keep")',
    ]);
    expect(faultsOf([])).toEqual(['settings: must be an object']);
    expect(faultsOf(settingsWith(aLoader(), { loaders: {} }))).toEqual(['loaders: must be a list']);
  });

  it('may not hold a password', () => {
    expect(faultsOf(settingsWith(aLoader({ doris: { user: 'loader', password: 'hunter2' } })))).toEqual([
      expect.stringContaining('loaders[0].doris: does not know "user"; allowed: feUrls, secretId, database'),
      expect.stringContaining('loaders[0].doris: does not know "password"; allowed: '),
    ]);
  });

  it('is told in its own words what contradicts itself', () => {
    const { table: _, ...doris } = aLoader().doris;
    expect(faultsOf(settingsWith({ ...aLoader(), doris }))).toEqual(['loaders[0].doris.table: is missing, and so is doris.routes']);
  });

  it('is told which certificate file cannot be read', () => {
    const [fault] = faultsOf(settingsWith(aLoader({ doris: { caCertFile: 'nowhere.pem' } })));
    expect(fault).toMatch(/^loaders\[0\]\.doris\.caCertFile: cannot be read: .*nowhere\.pem/);
  });
});

describe('the JSON schema of the settings file', () => {
  it('sets every variable that the stack does not set by itself, but for user and password', () => {
    const schema = JSON.stringify(settingsJsonSchema());
    const loaders = [aLoader(), anIggyLoader()];
    const functions = Object.values(templateOf(settingsWith({}, { loaders })).findResources('AWS::Lambda::Function'));
    const made = new Set(functions.flatMap(({ Properties }) => Object.keys(Properties.Environment.Variables)));

    const open = Object.keys(SETTINGS).filter((name) => !made.has(name) && !schema.includes(`Sets ${name}.`));
    expect(open).toEqual(['DORIS_USER', 'DORIS_PASSWORD']);
  });

  it('has range and default of every variable that the file may set', () => {
    const loader = JSON.parse(settingsJsonSchema()).properties.loaders.items.properties;

    expect(loader.limits.properties.maxLoadRows).toMatchObject({ type: 'number', minimum: 1, maximum: 10_000_000, default: 500_000 });
    expect(loader.doris.properties.loadVia).toMatchObject({ enum: ['frontend', 'backend'], default: 'frontend' });
    expect(loader.doris.properties.allowInsecureRedirect).toMatchObject({ type: 'boolean', default: false });
    expect(loader.limits.properties.maxLoadRows.description).toContain(SETTINGS.MAX_LOAD_ROWS.about);
  });

  it('explains every property', () => {
    const unexplained = propertiesOf(JSON.parse(settingsJsonSchema()), '').filter(
      ([, { description, const: fixed }]) => !description && !fixed,
    );
    // The shape of a route is explained by its parent.
    expect(unexplained.map(([path]) => path).filter((path) => !path.includes('.routes.'))).toEqual([]);
  });
});
