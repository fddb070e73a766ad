import { type App, type Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { loaderStack } from './loader-stack.ts';
import type { Settings } from './settings.ts';

/** Adds the stack of a settings file to an app, which refuses to synthesise it when it breaks a rule of AWS Solutions without a reason. */
export function addLoaderStack(app: App, settings: Settings): Stack {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return loaderStack(app, settings);
}
