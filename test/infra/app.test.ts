import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aLoader, settingsWith } from './settings-builder.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

let outdir: string;
beforeEach(() => {
  outdir = mkdtempSync(join(tmpdir(), 'loader-app-'));
});
afterEach(() => {
  rmSync(outdir, { recursive: true });
});

/** What an app reports of a feature flag. */
interface Flag {
  readonly userValue?: unknown;
  readonly recommendedValue: unknown;
  readonly unconfiguredBehavesLike?: { readonly v2?: unknown };
}

/** Runs the program of `cdk.json` as the command line of CDK does. */
function runApp(context: object, variables: object = {}): Promise<{ readonly code: number | string | null; readonly stderr: string }> {
  const { app } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));
  const [command = '', ...args] = app.split(' ');
  const env = { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context), ...variables };
  return new Promise((resolve) => {
    execFile(command, args, { cwd: ROOT, env }, (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }));
  });
}

function settingsFile(settings: object): string {
  const file = join(outdir, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

describe('the app of CDK', () => {
  it('makes the stack of the settings file with every feature flag as CDK recommends it, and tells what it will do', async () => {
    const { code, stderr } = await runApp({ settings: 'infra/examples/minimal.json' }, { CDK_DEFAULT_ACCOUNT: '210987654321' });

    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('plan of DorisLoaderMinimal\n  orders into shop.orders') });
    expect(stderr).toContain(
      'once deployed, the parameters BatchSize, BatchWindow, Memory, LogLevel, Enabled and MaximumConcurrency keep their values',
    );
    expect(stderr).toContain(
      'warning: loader orders: source.streamArn: is of account 123456789012, but the credentials are of 210987654321',
    );
    const { artifacts } = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8'));
    const flags: Flag[] = Object.values(artifacts['aws-cdk-lib/feature-flag-report'].properties.flags);
    const otherwise = flags.filter(
      ({ userValue, recommendedValue, unconfiguredBehavesLike }) =>
        JSON.stringify(userValue ?? unconfiguredBehavesLike?.v2 ?? false) !== JSON.stringify(recommendedValue),
    );
    expect(flags.length).toBeGreaterThan(80);
    expect(otherwise).toEqual([]);
  });

  it('asks for a settings file when none is named', async () => {
    const { code, stderr } = await runApp({});

    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/error: no settings file is named; add -c settings=FILE/) });
  });

  it('tells every fault of a settings file, a line each, and nothing else', async () => {
    const settings = settingsWith(aLoader({ batch: { windowSeconds: 301 }, source: { streamArn: 'orders' } }), { alarmTopic: 'x' });
    const { code, stderr } = await runApp({ settings: settingsFile(settings) });

    expect({ code, lines: stderr.split('\n').filter((line) => !line.startsWith('npm warn')) }).toEqual({
      code: 1,
      lines: [
        'error: loaders[0].source.streamArn: must be the ARN of a Kinesis stream (given "orders")',
        'error: loaders[0].batch.windowSeconds: must be whole number from 1 to 300 (given 301)',
        'error: settings: does not know "alarmTopic"; did you mean alarmTopicArn?',
        '',
      ],
    });
  });
});
