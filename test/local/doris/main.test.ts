import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAM = ['--import', 'tsx', 'local/doris/main.ts'];
const hasCurl = spawnSync('curl', ['--version']).status === 0;

interface Program {
  readonly process: ChildProcess;
  readonly output: string;
}

/** Resolves when the program has said how to use it. */
async function start(args: readonly string[]): Promise<Program> {
  const child = spawn(process.execPath, [...PROGRAM, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.includes('Run SQL:') && output.endsWith('\n')) break;
  }
  return { process: child, output };
}

describe('npm run doris', () => {
  let folder: string;
  let program: Program;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'doris-'));
    writeFileSync(
      join(folder, 'tables.sql'),
      'CREATE TABLE a (k BIGINT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1;\nCREATE TABLE b (k BIGINT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1;\n',
    );
    writeFileSync(join(folder, 'rows.json'), '{"k": 1}\n{"k": 2}\n');
    program = await start(['--fe-port', '0', '--be-port', '0', '--database', 'shop', '--create-table', join(folder, 'tables.sql')]);
  });
  afterAll(async () => {
    program.process.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('prints where it listens and a command that loads a file', () => {
    expect(program.output).toMatch(/frontend {2}http:\/\/127\.0\.0\.1:\d+\n/);
    expect(program.output).toMatch(/backend {3}http:\/\/127\.0\.0\.1:\d+\n/);
    expect(program.output).toContain("curl --location-trusted -u root: -H 'Expect: 100-continue'");
  });

  it.skipIf(!hasCurl)('loads with that command as it stands, through the redirect (skipped where there is no curl)', () => {
    const [, printed = ''] = /^ {2}(curl --location-trusted .*)$/m.exec(program.output) ?? [];
    const command = printed.replace('/TABLE/', '/b/');
    const reply = JSON.parse(execFileSync('sh', ['-c', `${command} -s`], { cwd: folder, encoding: 'utf8' }));
    const again = JSON.parse(execFileSync('sh', ['-c', `${command} -s`], { cwd: folder, encoding: 'utf8' }));

    expect(reply).toMatchObject({ Status: 'Success', Label: 'first-1', NumberLoadedRows: 2 });
    expect(again).toMatchObject({ Status: 'Label Already Exists', ExistingJobStatus: 'FINISHED' });
  });

  it('ends with exit code 0 on SIGTERM', async () => {
    const exited = once(program.process, 'exit');
    program.process.kill('SIGTERM');

    expect(await exited).toEqual([0, null]);
  });

  const run = (...args: readonly string[]) => spawnSync(process.execPath, [...PROGRAM, ...args], { cwd: root, encoding: 'utf8' });

  it('explains itself, and a wrong argument, without starting', () => {
    const help = run('--help');
    const wrong = run('--fe-port', 'eighty');

    expect(help).toMatchObject({ status: 0, stdout: expect.stringMatching(/^usage: npm run doris/) });
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('--fe-port: a port, 0 to 65535 (given eighty)') });
  });

  it('refuses a file that is not there, a statement that cannot run and a port that is taken in one sentence each', async () => {
    const bad = join(folder, 'bad.sql');
    writeFileSync(bad, 'CREATE TABLE a (k BIGINT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1;\nCREATE TABLE b (k SERIAL);\n');
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;

    const missing = run('--create-table', 'no-such.sql');
    const refused = run('--fe-port', '0', '--be-port', '0', '--create-table', bad);
    const busy = run('--fe-port', String(port), '--be-port', '0');
    taken.close();

    expect(missing).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^--create-table no-such\.sql: cannot be read: ENOENT[^\n]*\n$/),
    });
    expect(refused).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^--create-table [^\n]*bad\.sql: statement 2 was refused: Unsupported column type SERIAL\n$/),
    });
    expect(busy).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: [^\\n]*EADDRINUSE[^\\n]*\\n$`)),
    });
  });
});
