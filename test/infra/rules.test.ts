import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addLoaderStack } from '../../infra/checked-stack.ts';
import { checkSettings, readSettingsFile } from '../../infra/settings.ts';
import { settingsWith } from './settings-builder.ts';

const EXAMPLES = new URL('../../infra/examples/', import.meta.url).pathname;

// The first synth compiles the rules of CloudFormation.
vi.setConfig({ testTimeout: 120_000 });

let outdir: string;
beforeEach(() => {
  outdir = mkdtempSync(join(tmpdir(), 'loader-synth-'));
});
afterEach(() => {
  rmSync(outdir, { recursive: true });
});

describe('every example', () => {
  const examples = readdirSync(EXAMPLES).filter((name) => name.endsWith('.json'));

  it.each(examples)('%s keeps the rules of CloudFormation and of AWS Solutions, or says why not', (name) => {
    const app = new App({ outdir, analyticsReporting: false });
    addLoaderStack(app, readSettingsFile(join(EXAMPLES, name)));

    expect(() => app.synth()).not.toThrow();
  });
});

describe('a stack', () => {
  it('that breaks a rule of AWS Solutions without a reason is refused', () => {
    const app = new App({ outdir, analyticsReporting: false });
    const stack = addLoaderStack(app, checkSettings(settingsWith()));
    new Queue(stack, 'Careless');

    expect(() => app.synth()).toThrow('AwsSolutions-SQS4');
  });

  it('that CloudFormation would refuse is refused', () => {
    const app = new App({ outdir, analyticsReporting: false });
    const stack = addLoaderStack(app, checkSettings(settingsWith()));
    new CfnFunction(stack, 'Careless', {
      code: { zipFile: '' },
      role: 'arn:aws:iam::123456789012:role/x',
      runtime: 'nodejs24.x',
      memorySize: 1,
    });

    expect(() => app.synth()).toThrow('MemorySize: 1 is less than the minimum of 128');
  });
});
