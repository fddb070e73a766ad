import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as Invocation } from 'aws-cdk-lib/aws-events-targets';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { grantBelow, grantList } from './bucket-grants.ts';
import { bundledFunction, type LoaderParts } from './bundled-function.ts';
import { type ExpiredPlace, spelt } from './expired-batches.ts';
import { grantDecrypt } from './function-role.ts';
import { grantItems } from './ledger-table.ts';
import { grantDeadLetters } from './loader-function.ts';
import { nameInTemplate } from './name-in-template.ts';
import type { Loader } from './settings.ts';
import type { SharedResources } from './shared-resources.ts';

/** What a redrive reads: letters, and of a stream its records and the batches that Lambda gave up. */
export interface RedriveSources {
  readonly letters: Queue;
  readonly stream?: { readonly stream: IStream; readonly keyArn: string | undefined };
  readonly expired?: ExpiredPlace;
}

/** The function that loads dead letters of one loader again, from inside its network: when it is invoked, and on a schedule where that is wanted. */
export function redriveFunction(scope: Construct, parts: LoaderParts, sources: RedriveSources): LambdaFunction {
  const within = new Construct(scope, 'Redrive');
  const { loader, shared } = parts;
  const made = bundledFunction(within, parts, {
    bundle: 'redrive',
    description: `Redrives dead letters of ${loader.name}`,
    timeoutSeconds: loader.redrive.timeoutSeconds,
  });
  // What fails is in the queue still: the next run tries it, and two more at once would not do better.
  made.configureAsyncInvoke({ retryAttempts: 0 });
  grantItems(made, shared.ledger, loader, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem');
  grantDeadLetters(made, sources.letters, shared);
  grantSources(made, sources, shared);
  schedule(within, made, loader, sources);
  outputs(scope, loader, made, sources);
  return made;
}

const TAKING = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'] as const;

function grantSources(made: LambdaFunction, { letters, stream, expired }: RedriveSources, { bucket }: SharedResources): void {
  letters.grant(made, ...TAKING);
  if (bucket !== undefined) grantBelow(made, bucket, 'dead-letters', ['s3:GetObject'], 'Letters say which payloads they mean.');
  if (stream !== undefined) {
    stream.stream.grant(made, 'kinesis:GetRecords', 'kinesis:GetShardIterator');
    grantDecrypt(made, stream.keyArn, 'kinesis');
  }
  if (expired?.kind === 'queue') expired.queue.grant(made, ...TAKING);
  if (expired?.kind === 'folder') {
    grantBelow(made, expired.bucket, expired.folder, ['s3:GetObject', 's3:DeleteObject'], 'Lambda makes the keys of its reports.');
    grantList(made, expired.bucket, expired.folder);
  }
}

function schedule(scope: Construct, made: LambdaFunction, { name, redrive }: Loader, { expired }: RedriveSources): void {
  const { everyHours, lettersPerSecond } = redrive;
  if (everyHours === undefined) return;
  const options = lettersPerSecond === undefined ? {} : { rate: lettersPerSecond };
  const events = [options, ...(expired === undefined ? [] : [{ ...options, from: spelt(expired) }])];
  new Rule(scope, 'Schedule', {
    description: `Redrives dead letters of ${name}`,
    schedule: Schedule.rate(Duration.hours(everyHours)),
    targets: events.map((event) => new Invocation(made, { event: RuleTargetInput.fromObject(event) })),
  });
}

function outputs(scope: Construct, loader: Loader, made: LambdaFunction, { letters, expired }: RedriveSources): void {
  const stack = Stack.of(scope);
  const { name } = loader;
  new CfnOutput(stack, nameInTemplate(loader, 'Redrive'), {
    value: made.functionName,
    description: `Function that redrives dead letters of ${name}`,
  });
  new CfnOutput(stack, nameInTemplate(loader, 'DeadLetterQueueUrl'), {
    value: letters.queueUrl,
    description: `SQS queue of records of ${name} that can never load`,
  });
  if (expired !== undefined)
    new CfnOutput(stack, nameInTemplate(loader, 'ExpiredBatches'), {
      value: spelt(expired),
      description: `Where Lambda reports batches of ${name} that it gave up`,
    });
}
