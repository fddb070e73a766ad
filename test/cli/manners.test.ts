import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputOn } from '../../cli/output.ts';
import { STREAM } from '../../local/demo/stack.ts';
import { type CliStack, SHARD, startCliStack } from './fixture.ts';
import { BIN, runCli, startProcess } from './run.ts';

const COLUMNS = 'source=_source,shard=_shard,position=_position';
const PASSWORD = 'a-secret-of-the-operator';

let stack: CliStack;
let folder: string;
let position = '';
let label = '';
let env: Readonly<Record<string, string>>;

/** One record that is loaded, and one that is a letter. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'manners-'));
  writeFileSync(join(folder, 'sample.ndjson'), '{"id":1}\n');
  stack = await startCliStack();
  const [good, bad] = [await stack.put(1), await stack.put(2)];
  position = bad.sequenceNumber;
  await stack.deliver(good, { ...bad, data: 'no JSON' });
  label = stack.lines.map((line) => /"label":"(demo-[^"]+)"/.exec(line)?.[1]).find((found) => found !== undefined) ?? '';
  env = { ...stack.env, DORIS_TABLE: 't' };
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stack.close();
});

const PERIOD = ['--stream', STREAM, '--from', '2020-01-01'];
/** Every command, with the exit code that it ends with here. */
const COMMANDS: readonly (readonly [code: number, args: readonly string[]])[] = [
  [0, ['status']],
  [0, ['status', '--stream', STREAM]],
  [0, ['checkpoints', 'list']],
  [0, ['checkpoints', 'show', '--shard', SHARD]],
  [4, ['checkpoints', 'reset', '--shard', SHARD, '--to', '1']],
  [1, ['dead-letters', 'list']],
  [1, ['dead-letters', 'summary']],
  [0, ['dead-letters', 'show', '<position>']],
  [0, ['dead-letters', 'export', '--to', '<folder>/letters.ndjson']],
  [1, ['dead-letters', 'redrive', '--dry-run']],
  [1, ['dead-letters', 'redrive', '--yes']],
  [4, ['dead-letters', 'redrive']],
  [4, ['dead-letters', 'discard', '--all']],
  [0, ['explain-letter', '<position>']],
  [0, ['explain-label', '<label>']],
  [3, ['resolve-label', '<label>', '--stored']],
  [0, ['doctor', '--stream', STREAM, '--sample', '<folder>/sample.ndjson']],
  [2, ['reconcile', ...PERIOD]],
  [0, ['replay', ...PERIOD, '--as', 'again', '--yes']],
  [4, ['replay', ...PERIOD, '--as', 'never']],
  [0, ['plan', '--rate', '100', '--record-bytes', '500', '--window', '30']],
  [0, ['create-table', '--from', '<folder>/sample.ndjson', '--table', 'x']],
];

const filled = (args: readonly string[]) =>
  args.map((arg) => arg.replace('<position>', position).replace('<label>', label).replace('<folder>', folder));

describe('every command', () => {
  it.each(COMMANDS)('prints one JSON document under --json and ends with %i: %j', async (wanted, args) => {
    const { code, stdout, stderr } = await runCli([...filled(args), '--json'], env);

    expect({ code, stderr: wanted > 1 ? '' : stderr.replace(/^Letters of .*\n|^What 1 shard .*\n/, '') }).toEqual({
      code: wanted,
      stderr: '',
    });
    const document = JSON.parse(wanted > 1 ? (stderr.trimEnd().split('\n').at(-1) ?? '') : stdout);
    expect(document).toBeTypeOf('object');
    expect(`${stdout}${stderr}`).not.toContain(stack.env['DORIS_PASSWORD']);
    rmSync(join(folder, 'letters.ndjson'), { force: true });
  });

  it('keeps a password to itself, even a wrong one, and however wrong the rest is', async () => {
    const wrong = { ...env, DORIS_PASSWORD: PASSWORD, DORIS_POSITION_COLUMNS: COLUMNS };
    const commands = [['doctor'], ['reconcile', ...PERIOD], ['explain-label', label], ['dead-letters', 'redrive', '--yes']];
    for (const args of [...commands, ['status', '--set', `DORIS_PASSWROD=${PASSWORD}`], ['status', '--set', PASSWORD]]) {
      const { code, stdout, stderr } = await runCli(args, wrong);

      expect(code, args.join(' ')).not.toBe(0);
      expect(`${stdout}${stderr}`, args.join(' ')).not.toContain(PASSWORD);
      expect(`${stdout}${stderr}`, args.join(' ')).not.toContain(Buffer.from(`root:${PASSWORD}`).toString('base64'));
    }
  });

  it('prints no colours where nobody looks', async () => {
    expect((await runCli(['status'], env)).stdout).not.toContain('\u001b');
  });

  it('is silent when its reader has read enough', async () => {
    for (const command of ['dead-letters export --to -', 'checkpoints list', '--help', 'status']) {
      const line = `set -o pipefail; '${process.execPath}' '${BIN}' ${command} | true; echo "\${PIPESTATUS[0]}"`;
      const { stdout, stderr } = await startProcess('bash', ['-c', line], env).ended;

      expect({ stdout, stderr: stderr.replace(/^\d+ letters\n/, '') }, command).toEqual({ stdout: '0\n', stderr: '' });
    }
  });
});

describe('colours', () => {
  const painted = (isTTY: boolean, variables: Readonly<Record<string, string>>) => {
    let text = '';
    const out = { isTTY, write: (more: string) => (text += more) };
    outputOn({ stdout: out, stderr: out }, false, variables).result({}, (paint) => paint('red', 'FAULT'));
    return text;
  };

  it('are for terminals', () => {
    expect(painted(true, {})).toBe('\u001b[31mFAULT\u001b[39m\n');
    expect(painted(false, {})).toBe('FAULT\n');
  });

  it('are nobody\u2019s with NO_COLOR or on a dumb terminal', () => {
    expect(painted(true, { NO_COLOR: '1' })).toBe('FAULT\n');
    expect(painted(true, { TERM: 'dumb' })).toBe('FAULT\n');
  });
});
