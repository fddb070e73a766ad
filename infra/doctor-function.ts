import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { grantList } from './bucket-grants.ts';
import { bundledFunction, type LoaderParts } from './bundled-function.ts';
import { nameInTemplate } from './name-in-template.ts';

/** What doctor looks at besides Doris and the ledger. */
export interface Examined {
  readonly letters: Queue;
  readonly stream?: IStream;
}

/** Each check has its own bound; all of them together end long before. */
const TIMEOUT_SECONDS = 300;

/** The function that checks every hop of a loader from where the loader runs: `doctor --inside`. It may look, and change nothing. */
export function doctorFunction(scope: Construct, parts: LoaderParts, { letters, stream }: Examined): void {
  const within = new Construct(scope, 'Doctor');
  const { loader, shared } = parts;
  const made = bundledFunction(within, parts, {
    bundle: 'doctor',
    description: `Checks every hop of ${loader.name}`,
    timeoutSeconds: TIMEOUT_SECONDS,
  });
  shared.ledger.grant(made, 'dynamodb:DescribeTable', 'dynamodb:DescribeTimeToLive');
  letters.grant(made, 'sqs:GetQueueAttributes');
  if (shared.bucket !== undefined) grantList(made, shared.bucket);
  stream?.grant(made, 'kinesis:DescribeStreamSummary', 'kinesis:ListShards');
  new CfnOutput(Stack.of(scope), nameInTemplate(loader, 'Doctor'), {
    value: made.functionName,
    description: `Function of npx doris-loader doctor --inside for ${loader.name}`,
  });
}
