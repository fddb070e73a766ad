import { App, type AppProps } from 'aws-cdk-lib';
import cdk from '../cdk.json' with { type: 'json' };

/**
 * An app with the feature flags of `cdk.json`, whoever synthesises it: only the command line of CDK reads that file by itself. They are written
 * down there, and not taken from the library, so that a new version of it changes no deployed stack unseen.
 */
export function loaderApp(props: AppProps = {}): App {
  return new App({ analyticsReporting: false, ...props, context: { ...cdk.context, ...props.context } });
}
