import { type App, CfnResource, type Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ConfigError } from '../lib/errors.ts';
import { loaderStack } from './loader-stack.ts';
import type { Settings } from './settings.ts';

/** CloudFormation takes so many resources in a stack. */
const RESOURCES_IN_A_STACK = 500;

/**
 * Adds the stack of a settings file to an app, which refuses to synthesise it when CloudFormation would refuse it or when it breaks a rule
 * of AWS Solutions without a reason.
 * @throws {ConfigError} when the loaders are too many for one stack.
 */
export function addLoaderStack(app: App, settings: Settings): Stack {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const stack = loaderStack(app, settings);
  const resources = stack.node.findAll().filter((made) => CfnResource.isCfnResource(made)).length;
  if (resources > RESOURCES_IN_A_STACK)
    throw new ConfigError([
      `loaders: ${settings.loaders.length} make ${resources} resources; CloudFormation takes ${RESOURCES_IN_A_STACK} in a stack: put some into another settings file, with another name of the stack, and with the output LedgerTable of this one as ledgerTable where they ran here before`,
    ]);
  return stack;
}
