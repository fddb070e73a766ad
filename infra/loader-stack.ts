import { type App, CfnOutput, Stack } from 'aws-cdk-lib';
import { iggyLoader } from './iggy-loader.ts';
import { kinesisLoader } from './kinesis-loader.ts';
import { monitoring } from './monitoring.ts';
import type { Settings } from './settings.ts';
import { sharedResources } from './shared-resources.ts';
import { regionOf } from './sharing-guards.ts';

/** The stack of a settings file: what the loaders share, and each loader. */
export function loaderStack(app: App, settings: Settings): Stack {
  const region = regionOf(settings);
  const stack = new Stack(app, settings.stack, {
    description: 'doris-lambda-loader: records of Kinesis and Apache Iggy into Apache Doris',
    // The ledger outlives the stack, but a stack made anew has a new one, and would load again what the streams still have.
    terminationProtection: settings.onDelete === 'retain',
    // Where the stream is, whatever region the command line happens to be set to.
    ...(region === undefined ? {} : { env: { region } }),
  });
  const shared = sharedResources(stack, settings);
  const loaders = settings.loaders.map((loader) => {
    const { source } = loader;
    return source.kind === 'iggy' ? iggyLoader(stack, loader, source, shared) : kinesisLoader(stack, loader, source, shared);
  });
  monitoring(stack, settings, loaders);
  const { ledger, bucket } = shared;
  new CfnOutput(stack, 'LedgerTable', { value: ledger.tableName, description: 'DynamoDB table of checkpoints and claims' });
  if (bucket !== undefined)
    new CfnOutput(stack, 'DeadLetterBucket', { value: bucket.bucketName, description: 'Bucket of payloads that no dead letter holds' });
  return stack;
}
