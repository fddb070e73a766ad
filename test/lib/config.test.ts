import { describe, expect, it } from 'vitest';
import { readConfig } from '../../lib/config.ts';
import { ConfigError } from '../../lib/errors.ts';
import { SETTINGS } from '../../lib/settings.ts';
import { selfSigned } from './doris/support/certificate.ts';
import { ENV, faultsOf, readWith } from './environment.ts';

describe('a complete environment', () => {
  it('becomes a configuration in which every default is filled in', () => {
    expect(readWith()).toEqual({
      doris: {
        frontends: [new URL('http://10.0.0.5:8030')],
        credentials: { kind: 'fixed', username: 'loader', password: 'open sesame' },
        redirects: { entries: [] },
        allowInsecureRedirect: false,
        route: 'frontend',
        backendAddresses: new Map(),
        maxAttempts: 5,
        maxLoadTimeout: 120_000,
        connectTimeout: 3_000,
        mode: 'labelled',
        groupCommit: 'sync',
        compression: 'none',
      },
      decode: { maxRowBytes: 10_485_760, maxBatchBytes: 134_217_728, keepFields: [], longNumbers: 'keep' },
      iggy: { bodies: 'envelope', bareSource: { stream: '-', topic: '-' }, bodyEncoding: 'text', longestHidden: 1_800_000 },
      load: {
        routing: { rules: [], defaultTarget: { database: 'shop', table: 'orders' }, maxRowBytes: 10_485_760, maxBatchBytes: 134_217_728 },
        labelPrefix: 'doris',
        limits: { maxRows: 500_000, maxBytes: 67_108_864 },
        fuseShare: 0.5,
        attemptGrace: 5_000,
        fuseRows: 10,
        isolationLoads: 1000,
        labelMemory: { longest: 43_200_000, shortest: 100_000, transactions: 2000 },
        onUnverifiable: 'dead-letter',
        positionColumns: {},
      },
      ledgerTable: 'ledger',
      deadLetters: { queueUrl: ENV.DEAD_LETTER_QUEUE_URL, maxBytes: 1_048_576 },
      metricsNamespace: 'DorisLambdaLoader',
    });
  });

  it('takes several frontends, with blanks between them', () => {
    const { frontends } = readWith({ DORIS_FE_URLS: 'http://a:8030, https://b:8030/doris' }).doris;

    expect(frontends.map(({ href }) => href)).toEqual(['http://a:8030/', 'https://b:8030/doris']);
  });

  it('takes a secret in place of user and password', () => {
    const { credentials } = readWith({ DORIS_USER: undefined, DORIS_PASSWORD: undefined, DORIS_SECRET_ID: 'prod/doris' }).doris;

    expect(credentials).toEqual({ kind: 'secret', id: 'prod/doris' });
  });

  it('takes an empty password for a password', () => {
    expect(readWith({ DORIS_PASSWORD: '' }).doris.credentials).toEqual({ kind: 'fixed', username: 'loader', password: '' });
  });

  it('takes any other empty variable for an absent one', () => {
    const empty = Object.fromEntries(
      Object.keys(SETTINGS)
        .filter((name) => !(name in ENV))
        .map((name) => [name, '']),
    );

    expect(readWith(empty)).toEqual(readWith());
    expect(faultsOf({ LEDGER_TABLE: '' })).toEqual(['LEDGER_TABLE: is missing; must be name or ARN of a table']);
  });

  it('reads routes into the target that they name, the default database unless they say another', () => {
    const rules = [
      { stream: 'orders', table: 'raw' },
      { field: 'type', equals: 'refund', table: 'finance.refunds' },
      { field: 'type', equals: 7, table: 'sevens' },
    ];
    const { load, decode } = readWith({ DORIS_ROUTES: JSON.stringify(rules), DORIS_TABLE: undefined });

    expect(load.routing).toEqual({
      maxRowBytes: 10_485_760,
      maxBatchBytes: 134_217_728,
      rules: [
        { stream: 'orders', target: { database: 'shop', table: 'raw' } },
        { field: 'type', equals: 'refund', target: { database: 'finance', table: 'refunds' } },
        { field: 'type', equals: 7, target: { database: 'shop', table: 'sevens' } },
      ],
    });
    expect(decode.keepFields).toEqual(['type']);
  });
});

describe('backend addresses', () => {
  it.each([
    ['BE-0.Doris:8040=10.0.0.1:80', [['be-0.doris:8040', '10.0.0.1:80']]],
    [
      '[FD00:0::1]:08040=nlb:18040, bücher:80=[fd00:0::2]:443',
      [
        ['[fd00::1]:8040', 'nlb:18040'],
        ['xn--bcher-kva:80', '[fd00::2]:443'],
      ],
    ],
  ])('are known as URLs spell them: %s', (value, known) => {
    expect([...readWith({ DORIS_BACKEND_ADDRESSES: value }).doris.backendAddresses]).toEqual(known);
  });
});

describe('a wrong value', () => {
  it.each<[keyof typeof SETTINGS, string]>([
    ['DORIS_FE_URLS', 'ftp://fe:8030'],
    ['DORIS_FE_URLS', 'http://a:8030,,http://b:8030'],
    ['DORIS_FE_URLS', '10.0.0.5:8030'],
    ['DORIS_DATABASE', 'shop.orders'],
    ['DORIS_DATABASE', '../shop'],
    ['DORIS_TABLE', 'orders?x'],
    ['DORIS_ROUTES', 'raw'],
    ['DORIS_ROUTES', '{"table":"raw"}'],
    ['DORIS_REDIRECT_HOSTS', 'http://be:8040'],
    ['DORIS_ALLOW_INSECURE_REDIRECT', 'yes'],
    ['DORIS_LOAD_VIA', 'Backend'],
    ['DORIS_BACKEND_ADDRESSES', 'be-0:8040'],
    ['DORIS_BACKEND_ADDRESSES', 'be-0:8040=10.0.0.1'],
    ['DORIS_BACKEND_ADDRESSES', 'be-0:8040=10.0.0.1:99999'],
    ['DORIS_BACKEND_ADDRESSES', 'be-0:8040=10.0.0.1:8040,be-0:8040=10.0.0.2:8040'],
    ['DORIS_BACKEND_ADDRESSES', 'be-0:8040=10.0.0.1:8040,BE-0:8040=10.0.0.2:8040'],
    ['DORIS_BACKEND_ADDRESSES', 'be-0:8040=10.0.0.1:8040,'],
    ['DORIS_BACKEND_ADDRESSES', 'be-0:8040=10.0.0.<1>:8040'],
    ['DORIS_BACKEND_ADDRESSES', 'be-0:8040=10.0.0.1:0'],
    ['DORIS_MAX_ATTEMPTS', '0'],
    ['DORIS_MAX_ATTEMPTS', '21'],
    ['DORIS_LOAD_TIMEOUT_SECONDS', '1.5'],
    ['DORIS_CONNECT_TIMEOUT_MS', '99'],
    ['LABEL_PREFIX', 'seventeen-letters'],
    ['LABEL_PREFIX', 'with.dot'],
    ['LABEL_MEMORY_SECONDS', '-1'],
    ['LABEL_MEMORY_TRANSACTIONS', 'never'],
    ['DATABASE_TRANSACTIONS_PER_SECOND', '0'],
    ['ON_UNVERIFIABLE', 'guess'],
    ['LEDGER_TABLE', 'my table'],
    ['DEAD_LETTER_QUEUE_URL', 'dead'],
    ['DEAD_LETTER_QUEUE_URL', 'ftp://sqs/1/dead'],
    ['DEAD_LETTER_QUEUE_URL', 'https://sqs.eu-central-1.amazonaws.com/123456789012/dead.fifo'],
    ['DEAD_LETTER_BUCKET', 'Upper'],
    ['DEAD_LETTER_MAX_BYTES', '1048577'],
    ['MAX_ROW_BYTES', '1e6'],
    ['MAX_BATCH_BYTES', '1'],
    ['MAX_LOAD_ROWS', '0'],
    ['MAX_LOAD_BYTES', '9'.repeat(150)],
    ['POISON_FUSE_SHARE', '1.1'],
    ['POISON_FUSE_SHARE', '50%'],
    ['POISON_FUSE_ROWS', 'ten'],
    ['ISOLATION_LOADS', ' 7'],
    ['METRICS_NAMESPACE', 'no blanks'],
  ])('is refused with the variable, the rule and the value: %s=%s', (name, value) => {
    const faults = faultsOf({ [name]: value });

    const [fault = ''] = faults;
    expect(faults).toHaveLength(1);
    expect(fault.startsWith(`${name}: must be ${SETTINGS[name].rule}`)).toBe(true);
    expect(fault.endsWith(`(given ${JSON.stringify(value)})`)).toBe(true);
  });

  it('exists for every variable but the password, which may be any text', () => {
    const names = Object.keys(SETTINGS);

    expect(names.filter((name) => faultsOf({ [name]: '\u0000' }).length === 0)).toEqual(['DORIS_PASSWORD']);
  });

  it.each([
    ['[{"table":"raw","tabel":"x"}]', 'at 0'],
    ['[{"table":"a.b.c"}]', 'at 0.table'],
    ['[{"table":"raw"},{"field":"type","table":"raw"}]', 'at 1'],
    ['[{"equals":1,"table":"raw"}]', 'at 0'],
    ['[{"field":"n","equals":9007199254740993,"table":"raw"}]', 'at 0.equals'],
    ['[{"field":"n","equals":null,"table":"raw"}]', 'at 0.equals'],
    ['[{"stream":"","table":"raw"}]', 'at 0.stream'],
  ])('inside DORIS_ROUTES is named by its place: %s', (value, place) => {
    expect(faultsOf({ DORIS_ROUTES: value })[0]).toContain(`(${place}: `);
  });

  it.each([
    ['be-0,be-1:0', 'redirect host "be-1:0": port must be 1 to 65535 (given 0)'],
    ['10.0.0.0/33', 'redirect host "10.0.0.0/33": prefix length must be 0 to 32 (given 33)'],
    ['be-0,,*', 'redirect host "": is empty; redirect host "*": is no host name and no IP address'],
  ])('among the hosts of DORIS_REDIRECT_HOSTS is named, with what is wrong about it: %s', (value, what) => {
    expect(faultsOf({ DORIS_REDIRECT_HOSTS: value })[0]).toContain(`(${what})`);
  });

  it.each(['u:open,sesame@be-0', 'http://be-0?token=sesame'])('is quoted in no part where it may hold a password: %s', (value) => {
    expect(faultsOf({ DORIS_REDIRECT_HOSTS: value })[0]).not.toMatch(/open|sesame/);
  });

  it('of a name or a secret is one fault, not a missing one besides', () => {
    const secret = { DORIS_USER: undefined, DORIS_PASSWORD: undefined, DORIS_SECRET_ID: 'two words' };

    expect(faultsOf({ DORIS_USER: 'line\nbreak' })).toEqual(['DORIS_USER: must be text without a colon (given 10 characters, not shown)']);
    expect(faultsOf(secret)).toEqual(['DORIS_SECRET_ID: must be name or ARN of a secret (given 9 characters, not shown)']);
    expect(faultsOf({ DORIS_TABLE: 'shop.orders' })).toEqual([
      'DORIS_TABLE: must be name of letters, digits, - and _ (given "shop.orders")',
    ]);
  });

  it('is cut short in the message', () => {
    expect(faultsOf({ LEDGER_TABLE: ' '.repeat(5000) })[0]?.length).toBeLessThan(300);
  });
});

describe('all faults', () => {
  it('are told at once, in one message', () => {
    const attempt = () => readConfig({ DORIS_TABEL: 'orders', LABEL_PREFIX: '?' });

    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(
      [
        'configuration refused: DORIS_FE_URLS: is missing; must be comma-separated http(s)://host:port, without credentials',
        'DORIS_DATABASE: is missing; must be name of letters, digits, - and _',
        'LABEL_PREFIX: must be 1-16 of [-_A-Za-z0-9] (given "?")',
        'LEDGER_TABLE: is missing; must be name or ARN of a table',
        'DEAD_LETTER_QUEUE_URL: is missing; must be URL of a standard queue',
        'DORIS_TABEL: is no setting of this loader; did you mean DORIS_TABLE?',
        'DORIS_USER: is missing, and so is DORIS_SECRET_ID',
        'DORIS_PASSWORD: is missing, and so is DORIS_SECRET_ID; it may be empty',
        'DORIS_TABLE: is missing, and so is DORIS_ROUTES',
      ].join('; '),
    );
  });

  it.each([
    ['DORIS_TABEL', 'DORIS_TABLE'],
    ['DORIS_FE_URL', 'DORIS_FE_URLS'],
    ['DORIS_PASWORD', 'DORIS_PASSWORD'],
    ['DORIS_', 'DORIS_USER'],
  ])('include names that are close to a setting: %s', (name, meant) => {
    expect(faultsOf({ [name]: 'hush' })).toEqual([`${name}: is no setting of this loader; did you mean ${meant}?`]);
  });

  it.each([
    ['LABEL_PREFX', 'LABEL_PREFIX'],
    ['MAX_LOAD_ROW', 'MAX_LOAD_ROWS'],
    ['LEDGER_TABEL', 'LEDGER_TABLE'],
    ['DEAD_LETTER_QUEUE_ULR', 'DEAD_LETTER_QUEUE_URL'],
    ['DROIS_PASSWORD', 'DORIS_PASSWORD'],
    ['doris_table', 'DORIS_TABLE'],
    ['ledger_table', 'LEDGER_TABLE'],
  ])('include a setting that is spelled with a slip or in other letters: %s', (name, meant) => {
    expect(faultsOf({ [name]: 'hush' })).toEqual([`${name}: is no setting of this loader; did you mean ${meant}?`]);
  });

  it.each([
    'AWS_REGION',
    'AWS_LAMBDA_FUNCTION_NAME',
    'LAMBDA_TASK_ROOT',
    'NODE_OPTIONS',
    'PATH',
    'TZ',
    '_HANDLER',
    'POWERTOOLS_METRICS_NAMESPACE',
    'POWERTOOLS_LOG_LEVEL',
    'TABLE',
    'TABLE_NAME',
    'QUEUE_URL',
    'MAX_ROWS',
    'MAX_RETRIES',
    'PREFIX',
    'LOG_PREFIX',
    'METRICS_ENABLED',
    'doris_admin',
  ])('do not include a variable of somebody else: %s', (name) => {
    expect(faultsOf({ [name]: 'x' })).toEqual([]);
  });

  it('include contradictions', () => {
    expect(faultsOf({ DORIS_SECRET_ID: 'prod/doris' })).toEqual(['DORIS_SECRET_ID: goes without DORIS_USER and DORIS_PASSWORD']);
    expect(faultsOf({ DORIS_TABLE: undefined })).toEqual(['DORIS_TABLE: is missing, and so is DORIS_ROUTES']);
    expect(faultsOf({ DORIS_PASSWORD: undefined })).toEqual(['DORIS_PASSWORD: is missing, and so is DORIS_SECRET_ID; it may be empty']);
  });
});

describe('a certificate authority', () => {
  const { cert, key } = selfSigned();
  const other = selfSigned().cert;
  const withoutLine = (pem: string): string => pem.replace(/\n.{64}\n/, '\n');

  it('is taken when each of its certificates can be read', () => {
    expect(readWith({ DORIS_CA_CERT: cert }).doris.caCert).toBe(cert);
    expect(readWith({ DORIS_CA_CERT: `${cert}${other}` }).doris.caCert).toBe(`${cert}${other}`);
  });

  it.each([
    ['cut off', withoutLine(cert)],
    ['followed by one that is cut off', `${cert}${withoutLine(other)}`],
    ['without line breaks', cert.replaceAll('\n', '\\n')],
    ['with its private key', `${cert}${key}${other}`],
  ])('is refused when it is %s', (_, pem) => {
    expect(faultsOf({ DORIS_CA_CERT: pem })).toEqual([
      `DORIS_CA_CERT: must be PEM text of one or more certificates (given ${pem.length} characters, not shown)`,
    ]);
  });
});

describe('secrets', () => {
  it.each([
    ['DORIS_FE_URLS', 'http://loader:hush@fe:8030'],
    ['DORIS_FE_URLS', 'http://loader:hu/hush@fe:8030'],
    ['DORIS_FE_URLS', 'http://ok:8030,http://loader:x,hush@fe:8030'],
    ['DORIS_FE_URLS', 'http:loader:hush@fe:8030'],
    ['DORIS_FE_URLS', 'http:\\\\loader:hush@fe:8030'],
    ['DORIS_FE_URLS', 'loader:hush hush@fe'],
    ['DORIS_FE_URLS', 'http://loader:x\nhush@fe:8030'],
    ['DORIS_REDIRECT_HOSTS', 'loader:hush@be:8040'],
    ['DORIS_REDIRECT_HOSTS', 'http://loader:hush@be:8040/'],
    ['DORIS_BACKEND_ADDRESSES', 'loader:hush@be:8040=be:8040'],
    ['DEAD_LETTER_QUEUE_URL', 'ftp://key:hush@sqs/1/dead'],
    ['DORIS_FE_URLS', 'http://fe:8030/?password=hush'],
    ['DORIS_CA_CERT', '-----BEGIN RSA PRIVATE KEY----- hush'],
    ['DORIS_CA_CERT', '-----BEGIN CERTIFICATE-----\nhush\n-----END CERTIFICATE-----'],
    ['DORIS_USER', 'loader:hush'],
  ])('never stand in the message: %s=%j', (name, value) => {
    const faults = faultsOf({ [name]: value });

    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name}: `));
    expect(faults.join()).not.toContain('hush');
  });

  it('are not shown when they stand where their name belongs', () => {
    const faults = faultsOf({
      DORIS_USER: undefined,
      DORIS_PASSWORD: undefined,
      DORIS_SECRET_ID: '{"username":"loader","password":"hush"}',
    });

    expect(faults).toEqual(['DORIS_SECRET_ID: must be name or ARN of a secret (given 39 characters, not shown)']);
  });

  it('do not stand in the message about other faults either', () => {
    expect(faultsOf({ DORIS_PASSWORD: 'hush', DORIS_PASSWRD: 'hush', LABEL_PREFIX: '?' }).join()).not.toContain('hush');
  });
});
