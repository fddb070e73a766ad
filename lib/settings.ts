import * as z from 'zod';
import { type Setting, setting } from './setting.ts';
import {
  addresses,
  certificates,
  column,
  flag,
  frontends,
  identifier,
  positionColumns,
  redirectHosts,
  routes,
  timeZone,
  wholeNumber,
} from './setting-values.ts';
import { IGGY_SETTINGS } from './settings-iggy.ts';

/** Every environment variable that the loaders read, besides those of the AWS SDK. */
export const SETTINGS = {
  DORIS_FE_URLS: setting({
    about: 'Frontends, tried in turn',
    rule: 'comma-separated http(s)://host:port, without credentials',
    schema: frontends,
  }),
  DORIS_USER: setting({
    about: 'User name',
    rule: 'text without a colon',
    schema: z.string().regex(/^[^:\p{Cc}]+$/u),
    optional: true,
    // What trips the rule is `user:password` as a rule.
    secret: true,
  }),
  DORIS_PASSWORD: setting({
    about: 'Password; may be empty',
    rule: 'any text',
    schema: z.string(),
    optional: true,
    secret: true,
    mayBeEmpty: true,
  }),
  DORIS_SECRET_ID: setting({
    about: 'Secrets Manager secret that holds `{"username","password"}`, in place of `DORIS_USER` and `DORIS_PASSWORD`',
    rule: 'name or ARN of a secret',
    schema: z.string().regex(/^[-/_+=.@!:A-Za-z0-9]{1,2048}$/),
    optional: true,
    // It may have been given the secret itself.
    secret: true,
  }),
  DORIS_DATABASE: setting({ about: 'Database', rule: 'name of letters, digits, - and _', schema: identifier }),
  DORIS_TABLE: setting({
    about: 'Table for records that no route takes; without it they are dead letters. Needed unless `DORIS_ROUTES` has a rule',
    rule: 'name of letters, digits, - and _',
    schema: identifier,
    optional: true,
  }),
  DORIS_ROUTES: setting({
    about: 'Which records go to which table; the first rule that fits decides',
    rule: 'JSON array of {"stream"?, "topic"?, "field"? with "equals", "table": "table" or "database.table"}',
    schema: routes,
    fallback: '[]',
  }),
  DORIS_POSITION_COLUMNS: setting({
    about: 'Columns that every row is given: where it came from and when ([columns](columns.md))',
    rule: 'comma-separated role=column with the roles source, shard, position and arrived_at, no role and no column twice; a column is a letter, digit or _, then letters, digits, _ or -',
    schema: positionColumns,
    optional: true,
  }),
  DORIS_SEQUENCE_COLUMN: setting({
    about:
      'Column by which every load says which row of a key is the newer one; every table must be a UNIQUE KEY table with a sequence column ([columns](columns.md))',
    rule: 'a letter, digit or _, then letters, digits, _ or -',
    schema: column,
    optional: true,
  }),
  DORIS_LONG_NUMBERS: setting({
    about: '`quote` sends numbers of more than 15 significant digits as strings, so that Doris cannot round them ([columns](columns.md))',
    rule: 'keep or quote',
    schema: z.enum(['keep', 'quote']),
    fallback: 'keep',
  }),
  DORIS_TIME_ZONE: setting({
    about:
      'Zone to which every load converts times that name one, such as `2026-11-21T02:59:01Z`, for `DATE` and `DATETIME` columns; when absent, the release of Doris decides ([columns](columns.md#times-with-a-zone-doris_time_zone))',
    rule: 'UTC, a place such as Europe/Berlin, or an offset such as +02:00',
    schema: timeZone,
    optional: true,
  }),
  ...IGGY_SETTINGS,
  DORIS_REDIRECT_HOSTS: setting({
    about: 'Hosts that may receive the credentials after a redirect; when absent, the hosts of `DORIS_FE_URLS` on any port',
    rule: 'comma-separated host, host:port, *.suffix or CIDR',
    schema: redirectHosts,
    optional: true,
  }),
  DORIS_ALLOW_INSECURE_REDIRECT: setting({
    about: 'Lets credentials go from an https frontend to an http backend in clear',
    ...flag,
    fallback: 'false',
  }),
  DORIS_CA_CERT: setting({
    about: 'Private certificate authority',
    rule: 'PEM text of one or more certificates',
    schema: certificates,
    optional: true,
    secret: true,
  }),
  DORIS_LOAD_MODE: setting({
    about:
      '`two-phase` keeps rows invisible until the ledger has their load; `group-commit-may-duplicate` loads without labels, at least once ([reliability](reliability.md))',
    rule: 'labelled, two-phase or group-commit-may-duplicate',
    schema: z.enum(['labelled', 'two-phase', 'group-commit-may-duplicate']),
    fallback: 'labelled',
  }),
  DORIS_GROUP_COMMIT: setting({
    about:
      'Only with group commit: `sync` (default) answers once the rows are visible, `async` once one backend has noted them on its disk, so that a lost disk loses them',
    rule: 'sync or async',
    schema: z.enum(['sync', 'async']),
    optional: true,
  }),
  DORIS_COMPRESSION: setting({
    about:
      '`gzip` packs loads, which saves time on a slow or metered way to Doris and costs processor time ([performance](performance.md#packed-loads)); what Doris refuses packed goes unpacked',
    rule: 'none or gzip',
    schema: z.enum(['none', 'gzip']),
    fallback: 'none',
  }),
  DORIS_LOAD_VIA: setting({
    about: '`backend` asks the frontend for its backends and loads there directly, one hop less',
    rule: 'frontend or backend',
    schema: z.enum(['frontend', 'backend']),
    fallback: 'frontend',
  }),
  DORIS_BACKEND_ADDRESSES: setting({
    about: 'Backends under the address by which they are reached from here (Kubernetes, NAT)',
    rule: 'comma-separated host:port=host:port, the address that Doris gives first',
    schema: addresses,
    optional: true,
  }),
  DORIS_MAX_ATTEMPTS: setting({ about: 'Attempts of one load within one invocation', ...wholeNumber(1, 20), fallback: '5' }),
  DORIS_LOAD_TIMEOUT_SECONDS: setting({
    about: 'Longest time one load may take; never more than the invocation has left',
    ...wholeNumber(1, 3600),
    fallback: '120',
  }),
  DORIS_CONNECT_TIMEOUT_MS: setting({ about: 'For TCP and TLS together', ...wholeNumber(100, 60_000), fallback: '3000' }),
  LABEL_PREFIX: setting({
    about: 'First part of every label, and the name under which this loader keeps its progress',
    rule: '1-16 of [-_A-Za-z0-9]',
    schema: z.string().regex(/^[-_A-Za-z0-9]{1,16}$/),
    fallback: 'doris',
  }),
  LABEL_MEMORY_SECONDS: setting({
    about: 'How long Doris keeps labels for sure (its `streaming_label_keep_max_second`)',
    ...wholeNumber(60, 31_536_000),
    fallback: '43200',
  }),
  LABEL_MEMORY_TRANSACTIONS: setting({
    about:
      'Later transactions of a database after which Doris forgets a label (its `label_num_threshold`); 0 when it counts none, as in cloud mode',
    ...wholeNumber(0, 1_000_000_000),
    fallback: '2000',
  }),
  DATABASE_TRANSACTIONS_PER_SECOND: setting({
    about: 'Transactions that end in the database in a second, at most, whoever loads: for so long labels are surely remembered',
    ...wholeNumber(1, 100_000),
    fallback: '20',
  }),
  ON_UNVERIFIABLE: setting({
    about:
      'What becomes of a load when neither its label nor its table can tell any more whether Doris stored it: the shard waits for a person, the rows are loaded again (perhaps twice), or they become dead letters of the class `unverifiable`',
    rule: 'wait, reload or dead-letter',
    schema: z.enum(['wait', 'reload', 'dead-letter']),
    fallback: 'dead-letter',
  }),
  LEDGER_TABLE: setting({
    about: 'DynamoDB table of checkpoints and claims',
    rule: 'name or ARN of a table',
    schema: z.string().regex(/^[-_.:/A-Za-z0-9]{3,1024}$/),
  }),
  DEAD_LETTER_QUEUE_URL: setting({
    about: 'SQS queue for records that can never load',
    rule: 'URL of a standard queue',
    schema: z.url({ protocol: /^https?$/ }).refine((url) => !url.endsWith('.fifo')),
  }),
  DEAD_LETTER_BUCKET: setting({
    about: 'S3 bucket for payloads that no message can hold',
    rule: 'name of a bucket',
    schema: z.string().regex(/^[-.a-z0-9]{3,63}$/),
    optional: true,
  }),
  DEAD_LETTER_MAX_BYTES: setting({
    about: 'Largest message of that queue, attributes counted',
    ...wholeNumber(16_384, 1_048_576),
    fallback: '1048576',
  }),
  MAX_ROW_BYTES: setting({
    about: 'A larger payload, packed or unpacked, is a poison record',
    ...wholeNumber(1024, 100 * 1024 ** 2),
    fallback: String(10 * 1024 ** 2),
  }),
  MAX_BATCH_BYTES: setting({
    about: 'Unpacked bytes of one batch after which the rest has to come again; bounds memory',
    ...wholeNumber(1024 ** 2, 4 * 1024 ** 3),
    fallback: String(128 * 1024 ** 2),
  }),
  MAX_LOAD_ROWS: setting({ about: 'Rows of one load', ...wholeNumber(1, 10_000_000), fallback: '500000' }),
  MAX_LOAD_BYTES: setting({
    about: 'Bytes of one load; a larger single row still loads',
    ...wholeNumber(1024, 1024 ** 3),
    fallback: String(64 * 1024 ** 2),
  }),
  POISON_FUSE_SHARE: setting({
    about: 'Share of rows refused by Doris above which it is a schema mistake: nothing is dead-lettered, the shard waits. 1 never blows',
    rule: 'number from 0 to 1',
    schema: z
      .string()
      .regex(/^\d(\.\d+)?$/)
      .transform(Number)
      .pipe(z.number().min(0).max(1)),
    fallback: '0.5',
  }),
  POISON_FUSE_ROWS: setting({ about: 'Refused rows below which the fuse never blows', ...wholeNumber(1, 10_000), fallback: '10' }),
  ISOLATION_LOADS: setting({
    about: 'Loads that one invocation may spend on finding bad rows, a table; the search starts anew with each delivery',
    ...wholeNumber(50, 100_000),
    fallback: '1000',
  }),
  SOURCE_STREAM_ARN: setting({
    about: 'Kinesis stream of the loader, which `doctor` looks at; the loader itself is told by each event',
    rule: 'ARN of a Kinesis stream',
    schema: z.string().regex(/^arn:[-a-z]+:kinesis:[-a-z0-9]+:\d{12}:stream\/[-_.A-Za-z0-9]{1,128}$/),
    optional: true,
  }),
  FUNCTION_TIMEOUT_SECONDS: setting({
    about: 'Timeout of the function of the loader, into which `doctor` fits the other times; Lambda itself keeps it',
    ...wholeNumber(1, 900),
    optional: true,
  }),
  METRICS_NAMESPACE: setting({
    about: 'CloudWatch namespace',
    rule: '1-255 of [-_./#A-Za-z0-9]',
    schema: z.string().regex(/^[-_./#A-Za-z0-9]{1,255}$/),
    fallback: 'DorisLambdaLoader',
  }),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;
