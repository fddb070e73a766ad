import { App, type AppProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { loaderStack } from '../../infra/loader-stack.ts';
import { checkSettings } from '../../infra/settings.ts';

// The rules of CloudFormation and AWS Solutions are applied once, in rules.test.ts: they take most of the time of a synth.
process.env['CDK_VALIDATION'] = 'false';

/** The template of a settings file. */
export function templateOf(settings: unknown, app: AppProps = {}): Template {
  return Template.fromStack(loaderStack(new App({ analyticsReporting: false, ...app }), checkSettings(settings)));
}
