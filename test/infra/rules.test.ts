import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addLoaderStack } from '../../infra/checked-stack.ts';
import { loaderApp } from '../../infra/loader-app.ts';
import { checkSettings, readSettingsFile } from '../../infra/settings.ts';
import { aLoader, anIggyLoader, settingsWith, VPC } from './settings-builder.ts';

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
    const app = loaderApp({ outdir });
    addLoaderStack(app, readSettingsFile(join(EXAMPLES, name)));

    expect(() => app.synth()).not.toThrow();
  });
});

/** Every option at once that no example has. */
function everyOption() {
  const key = 'arn:aws:kms:eu-central-1:123456789012:key/1';
  const function_ = { xray: true, reservedConcurrency: 20, logRetentionDays: 365 };
  return settingsWith(aLoader(), {
    loaders: [
      aLoader({
        source: { encryptionKeyArn: key, enhancedFanOut: true, kplProducers: false },
        doris: { secretKeyArn: key },
        function: function_,
      }),
      { ...aLoader(), name: 'created', source: { kind: 'new-kinesis-stream', halveOnError: true } },
      anIggyLoader({ source: { queue: 'fifo', auth: 'iam' }, function: function_ }),
    ],
    deadLetters: { bucket: false },
    onDelete: 'destroy',
    alarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:on-call',
  });
}

describe('a stack', () => {
  it('keeps the rules with every option', () => {
    const app = loaderApp({ outdir });
    addLoaderStack(app, checkSettings(everyOption()));

    expect(() => app.synth()).not.toThrow();
  });

  it('keeps the rules in a VPC with a NAT', () => {
    const app = loaderApp({ outdir });
    addLoaderStack(app, checkSettings(settingsWith(aLoader(), { network: VPC })));

    expect(() => app.synth()).not.toThrow();
  });

  it('that breaks a rule of AWS Solutions without a reason is refused', () => {
    const app = loaderApp({ outdir });
    const stack = addLoaderStack(app, checkSettings(settingsWith()));
    new Queue(stack, 'Careless');

    expect(() => app.synth()).toThrow('AwsSolutions-SQS4');
  });

  it('with more loaders than CloudFormation takes in a stack is refused', () => {
    const loaders = Array.from({ length: 16 }, (_, n) => ({ ...aLoader({ doris: { table: `t${n}` } }), name: `l${n}` }));
    const adding = (count: number) => () =>
      addLoaderStack(loaderApp({ outdir }), checkSettings(settingsWith({}, { loaders: loaders.slice(0, count) })));

    expect(adding(16)).toThrow(/^.*loaders: 16 make 5\d\d resources; CloudFormation takes 500 in a stack/s);
    expect(adding(15)).not.toThrow();
  });

  it('that CloudFormation would refuse is refused', () => {
    const app = loaderApp({ outdir });
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
