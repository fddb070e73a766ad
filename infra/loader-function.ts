import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { grantBelow } from './bucket-grants.ts';
import { bundledFunction, type LoaderParts } from './bundled-function.ts';
import type { ResourceVariable } from './environment.ts';
import { grantItems } from './ledger-table.ts';
import { nameInTemplate } from './name-in-template.ts';
import type { Loader } from './settings.ts';
import type { SharedResources } from './shared-resources.ts';

/** The function of a loader, with a role that may do what a loader does and nothing else. */
export function loaderFunction(
  scope: Construct,
  bundle: 'kinesis-loader' | 'iggy-loader',
  parts: LoaderParts,
  letters: Queue,
): LambdaFunction {
  const { name, function: settings } = parts.loader;
  const { timeoutSeconds, reservedConcurrency } = settings;
  const made = bundledFunction(scope, parts, {
    bundle,
    description: `Loads ${name} into Doris`,
    timeoutSeconds,
    ...(reservedConcurrency === undefined ? {} : { reservedConcurrency }),
  });
  grantItems(made, parts.shared.ledger, parts.loader, 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem');
  grantDeadLetters(made, letters, parts.shared);
  new CfnOutput(Stack.of(scope), nameInTemplate(parts.loader, 'Function'), {
    value: made.functionName,
    description: `Function that loads ${name}`,
  });
  return made;
}

/** What every function of a loader is told of its resources. */
export function resourceVariables(
  { function: { timeoutSeconds } }: Loader,
  { ledger, bucket }: SharedResources,
  letters: Queue,
): Partial<Record<ResourceVariable, string>> {
  return {
    LEDGER_TABLE: ledger.tableName,
    DEAD_LETTER_QUEUE_URL: letters.queueUrl,
    FUNCTION_TIMEOUT_SECONDS: String(timeoutSeconds),
    ...(bucket === undefined ? {} : { DEAD_LETTER_BUCKET: bucket.bucketName }),
  };
}

/** Lets a function send dead letters, and keep payloads that no message can hold. */
export function grantDeadLetters(made: LambdaFunction, letters: Queue, { bucket }: SharedResources): void {
  letters.grant(made, 'sqs:SendMessage');
  if (bucket !== undefined) grantBelow(made, bucket, 'dead-letters', ['s3:PutObject'], 'Keys are made of the position of each record.');
}
