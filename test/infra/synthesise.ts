import type { AppProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { loaderApp } from '../../infra/loader-app.ts';
import { loaderStack } from '../../infra/loader-stack.ts';
import { checkSettings } from '../../infra/settings.ts';

const made = new Map<string, Template>();

/** The template of a settings file, synthesised once however many tests look at it. */
export function templateOf(settings: unknown): Template {
  const key = JSON.stringify(settings);
  // Nobody looks at the assets: they need not be copied.
  const template = made.get(key) ?? synthesised(settings, { context: { [DISABLE_ASSET_STAGING_CONTEXT]: true } });
  made.set(key, template);
  return template;
}

/** The template of a settings file, with its assets in the folder of the app. */
export function synthesised(settings: unknown, app: AppProps = {}): Template {
  // The rules of CloudFormation are applied once, in rules.test.ts: they take most of the time of a synth.
  const scope = loaderApp({ builtinCloudFormationValidation: false, ...app });
  return Template.fromStack(loaderStack(scope, checkSettings(settings)));
}
