import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { InputError, WRONG_INPUT } from '../input-error.ts';
import { SqlError, sqlReason } from './engine.ts';
import type { DorisStandIn } from './run.ts';
import { startDoris } from './start.ts';

const USAGE = `usage: npm run doris -- [options]

  --fe-port N          frontend port, default 8030 (0: any free one)
  --be-port N          backend port, default 8040 (0: any free one)
  --user NAME          default root
  --password TEXT      default empty
  --database NAME      created if it does not exist, default demo
  --create-table FILE  runs the SQL statements of the file in that database; can be given several times
  --file PATH          keeps tables, rows and labels in this file between starts; in memory when absent
  --help`;

interface Settings {
  readonly fePort: number;
  readonly bePort: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly scripts: readonly string[];
  readonly file: string | undefined;
}

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  let settings: Settings | undefined;
  try {
    settings = readSettings(args);
  } catch (error) {
    refuse(`${(error as Error).message}\n\n${USAGE}`);
    return;
  }
  if (settings === undefined) console.log(USAGE);
  else await run(settings).catch((error: unknown) => (error instanceof InputError ? refuse(error.message) : Promise.reject(error)));
}

function refuse(text: string): void {
  console.error(text);
  process.exitCode = WRONG_INPUT;
}

function readSettings(args: readonly string[]): Settings | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      'fe-port': text,
      'be-port': text,
      user: text,
      password: text,
      database: text,
      file: text,
      'create-table': { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return undefined;
  const database = values.database ?? 'demo';
  if (!/^\w+$/.test(database)) throw new RangeError(`--database: letters, digits and _ only (given ${database})`);
  return {
    fePort: readPort('--fe-port', values['fe-port'] ?? '8030'),
    bePort: readPort('--be-port', values['be-port'] ?? '8040'),
    user: values.user ?? 'root',
    password: values.password ?? '',
    database,
    scripts: values['create-table'] ?? [],
    file: values.file,
  };
}

function readPort(name: string, value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) throw new RangeError(`${name}: a port, 0 to 65535 (given ${value})`);
  return Number(value);
}

async function run(settings: Settings): Promise<void> {
  const { fePort, bePort, user, password, file } = settings;
  const scripts = await Promise.all(settings.scripts.map(readScript));
  const doris = await startDoris({ fePort, bePort, user, password, ...(file === undefined ? {} : { file }) });
  closeOnSignal(doris);
  try {
    await prepare(doris, settings.database, scripts);
  } catch (error) {
    await doris.close();
    throw error;
  }
  console.log(describe(doris, settings));
}

interface Script {
  readonly path: string;
  readonly statements: readonly string[];
}

async function readScript(path: string): Promise<Script> {
  try {
    return { path, statements: statementsOf(await readFile(path, 'utf8')) };
  } catch (error) {
    throw new InputError(`--create-table ${path}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function prepare(doris: DorisStandIn, database: string, scripts: readonly Script[]): Promise<void> {
  await doris.query(`CREATE DATABASE IF NOT EXISTS \`${database}\``);
  for (const { path, statements } of scripts) {
    for (const [index, statement] of statements.entries())
      await doris.query(statement, database).catch((error: unknown) => {
        if (!(error instanceof SqlError)) throw error;
        throw new InputError(`--create-table ${path}: statement ${index + 1} was refused: ${sqlReason(error)}`, { cause: error });
      });
  }
}

/** Splits at semicolons that end a line, which is where people put them. */
function statementsOf(script: string): readonly string[] {
  return script
    .split(/;[ \t]*(?:\r?\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

function describe({ feUrl, beUrls, user, password }: DorisStandIn, { database }: Settings): string {
  const login = password === '' ? `${user}:` : `${user}:$DORIS_PASSWORD`;
  return [
    'Stand-in for Apache Doris, on this machine only',
    `  frontend  ${feUrl}`,
    `  backend   ${beUrls.join(' ')}`,
    `  user      ${user}${password === '' ? ' (no password)' : ''}`,
    `  database  ${database}`,
    '',
    'Load a file of JSON lines into a table:',
    `  curl --location-trusted -u ${login} -H 'Expect: 100-continue' -H 'format: json' -H 'read_json_by_line: true' -H 'label: first-1' -T rows.json ${feUrl}/api/${database}/TABLE/_stream_load`,
    'Run SQL:',
    `  curl -u ${login} -H 'Content-Type: application/json' -d '{"stmt": "SHOW TABLES"}' ${feUrl}/api/query/internal/${database}`,
  ].join('\n');
}

function closeOnSignal(doris: DorisStandIn): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      doris.close().catch((error: unknown) => {
        console.error('Doris stand-in: closing failed:', error);
        process.exitCode = 1;
      });
    });
  }
}
