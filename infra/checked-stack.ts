import { type App, type Stack, Validations } from 'aws-cdk-lib';
import { VALIDATE_AGAINST_DEFAULT_RULES } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import { loaderStack } from './loader-stack.ts';
import type { Settings } from './settings.ts';

/**
 * Adds the stack of a settings file to an app, which refuses to synthesise it when CloudFormation would refuse it or when it breaks a rule
 * of AWS Solutions without a reason.
 */
export function addLoaderStack(app: App, settings: Settings): Stack {
  // Without it CDK only warns of what CloudFormation would refuse.
  app.node.setContext(VALIDATE_AGAINST_DEFAULT_RULES, true);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return loaderStack(app, settings);
}
