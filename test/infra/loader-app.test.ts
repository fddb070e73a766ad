import { CURRENTLY_RECOMMENDED_FLAGS } from 'aws-cdk-lib/cx-api';
import { describe, expect, it } from 'vitest';
import cdk from '../../cdk.json' with { type: 'json' };
import { loaderApp } from '../../infra/loader-app.ts';

const MINIMIZE = '@aws-cdk/aws-iam:minimizePolicies';

describe('cdk.json', () => {
  it('decides every feature flag as this version of CDK recommends, and no flag that it has forgotten', () => {
    const flags = Object.entries(cdk.context).filter(([name]) => name.startsWith('@aws-cdk'));

    expect(Object.fromEntries(flags)).toEqual(CURRENTLY_RECOMMENDED_FLAGS);
  });
});

describe('an app', () => {
  it('has the flags of cdk.json without the command line of CDK', () => {
    const { node } = loaderApp();

    for (const [name, value] of Object.entries(cdk.context)) expect.soft(node.tryGetContext(name), name).toEqual(value);
  });

  it('may be given another value of a flag', () => {
    expect(loaderApp({ context: { [MINIMIZE]: false } }).node.tryGetContext(MINIMIZE)).toBe(false);
  });
});
