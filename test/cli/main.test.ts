import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../../cli/session.ts';
import { runCli } from './run.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Nobody listens there. */
const NO_AWS = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9',
};

describe('the command line', () => {
  it('explains every command with examples', async () => {
    const { code, stdout } = await runCli(['checkpoints', 'list', '--help']);

    expect(code).toBe(0);
    expect(stdout).toContain('$ doris-loader checkpoints list');
    expect(stdout).toContain('--json');
  });

  it('ends with 2 for a command that there is not', async () => {
    const { code, stdout, stderr } = await runCli(['checkpoint']);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown command 'checkpoint'");
  });

  it('ends with 2 and names every setting that a command misses', async () => {
    const { code, stderr } = await runCli(['checkpoints', 'list'], { LABEL_PREFIX: 'far too long for a prefix' });

    expect(code).toBe(2);
    expect(stderr).toContain('LEDGER_TABLE: is missing');
    expect(stderr).toContain('say it by --config <file>, by --set NAME=value or in the environment');
    expect(stderr).toContain('LABEL_PREFIX: must be 1-16 of [-_A-Za-z0-9] (given "far too long for a prefix")');
  });

  it('ends with 3 and names who was asked when AWS does not answer, as JSON too', async () => {
    const { code, stdout, stderr } = await runCli(['checkpoints', 'list', '--json'], { ...NO_AWS, LEDGER_TABLE: 'ledger' });

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(JSON.parse(stderr).error.message).toMatch(/^ledger table ledger: .*ECONNREFUSED/);
  });
});

describe('settings', () => {
  it.each([
    ['lines of NAME=value', 'loader.env', 'LEDGER_TABLE=from-file\n'],
    ['a JSON object', 'loader.json', '{"LEDGER_TABLE":"from-file"}'],
    ['what AWS prints of a function', 'function.json', '{"FunctionName":"f","Environment":{"Variables":{"LEDGER_TABLE":"from-file"}}}'],
  ])('come from a file of %s', async (_, name, text) => {
    const { stderr } = await runCli(['checkpoints', 'list', '--config', file(name, text)], NO_AWS);

    expect(stderr).toMatch(/^ledger table from-file: /);
  });

  it('of the environment go before those of the file, and --set before both', async () => {
    const config = file('both.env', 'LEDGER_TABLE=from-file\n');
    const env = { ...NO_AWS, LEDGER_TABLE: 'from-environment' };

    expect((await runCli(['checkpoints', 'list', '--config', config], env)).stderr).toMatch(/^ledger table from-environment: /);
    expect((await runCli(['checkpoints', 'list', '--set', 'LEDGER_TABLE=set', '--config', config], env)).stderr).toMatch(
      /^ledger table set: /,
    );
  });

  it('hand what the file says of AWS on to the SDK', async () => {
    const config = file(
      'aws.env',
      Object.entries({ ...NO_AWS, LEDGER_TABLE: 'l-1' })
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );

    expect((await runCli(['checkpoints', 'list', '--config', config])).stderr).toMatch(/ledger table l-1: .*ECONNREFUSED/);
  });

  it.each([
    ['LEDGER_TABEL=x', 'did you mean LEDGER_TABLE?'],
    ['QUEUE=x', 'did you mean DEAD_LETTER_QUEUE_URL?'],
    ['AWS_REGION=x', 'belongs to the AWS SDK'],
    ['geheim', 'must be NAME=value'],
  ])('of --set %s are refused with what is meant', (text, told) => {
    expect(() => openSession({ set: [text] }, {})).toThrow(told);
  });

  it('are looked for in no file that has none', () => {
    expect(() => openSession({ config: file('README.md', '# a = b\nNAME=value\n') }, {})).toThrow(
      'README.md: holds no setting of a loader',
    );
  });

  it('of a file that cannot be used are refused without a word of what is in it', async () => {
    const config = file('damaged.json', '{"DORIS_PASSWORD":"hunter2"');

    const { code, stderr } = await runCli(['checkpoints', 'list', '--config', config]);

    expect(code).toBe(2);
    expect(stderr).toContain(`--config ${config}: must be lines of NAME=value`);
    expect(stderr).not.toContain('hunter2');
  });
});
