import { CfnOutput, Duration, type Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IStream, Stream, StreamConsumer, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import { type IEventSourceDlq, MetricType, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisConsumerEventSource, KinesisEventSource, type KinesisEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import type { DeadLetters } from './dead-letters.ts';
import type { DeployedLoader } from './deployed-loader.ts';
import { loaderFunction } from './loader-function.ts';
import { type LoaderParameters, loaderParameters } from './parameters.ts';
import { exceptBelow } from './rules.ts';
import type { Loader } from './settings.ts';
import type { SharedResources } from './shared-resources.ts';
import type { KinesisSource } from './source-settings.ts';

/** Attaches a loader to a Kinesis stream. */
export function kinesisLoader(stack: Stack, loader: Loader, source: KinesisSource, shared: SharedResources): DeployedLoader {
  const within = new Construct(stack, `Loader-${loader.name}`);
  const parameters = loaderParameters(stack, loader);
  const made = loaderFunction(within, { bundle: 'kinesis-loader', loader, parameters, shared });
  const stream = streamOf(within, source, shared);
  const props = mappingProps(source, parameters, shared.deadLetters);
  const eventSource = source.enhancedFanOut
    ? new KinesisConsumerEventSource(
        new StreamConsumer(within, 'Consumer', { stream, streamConsumerName: `${stack.stackName}-${loader.name}` }),
        props,
      )
    : new KinesisEventSource(stream, props);
  made.addEventSource(eventSource);
  if (source.kind === 'new-kinesis-stream')
    new CfnOutput(stack, `Stream-${loader.name}`, { value: stream.streamName, description: `Kinesis stream of ${loader.name}` });
  return { loader, function: made, arrivals: { kind: 'kinesis', stream, mappingId: eventSource.eventSourceMappingId } };
}

function mappingProps(source: KinesisSource, parameters: LoaderParameters, { expired }: DeadLetters): KinesisEventSourceProps {
  return {
    startingPosition: StartingPosition[source.startingPosition],
    batchSize: parameters.batchSize,
    maxBatchingWindow: parameters.batchWindow,
    // One lane a shard: with more of them positions would prove nothing about what is settled.
    parallelizationFactor: 1,
    reportBatchItemFailures: true,
    bisectBatchOnError: source.halveOnError,
    // Until the stream forgets the record: an outage costs time, never data.
    retryAttempts: -1,
    onFailure: reportExpired(expired),
    metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
  };
}

/** Lambda puts the whole batch into a bucket, but only its positions into a queue. */
function reportExpired(expired: DeadLetters['expired']): IEventSourceDlq {
  return {
    bind(_mapping, handler) {
      if (expired.kind === 'queue') {
        expired.queue.grant(handler, 'sqs:SendMessage');
        return { destination: expired.queue.queueArn };
      }
      const { bucket } = expired;
      const grants = { 's3:PutObject': bucket.arnForObjects('aws/lambda/*'), 's3:ListBucket': bucket.bucketArn };
      for (const [action, resource] of Object.entries(grants))
        handler.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: [action], resources: [resource] }));
      exceptBelow(handler.role ?? handler, bucket.bucketArn, '/aws/lambda/*', 'Lambda makes the keys of its reports.');
      return { destination: bucket.bucketArn };
    },
  };
}

function streamOf(scope: Construct, source: KinesisSource, { removalPolicy }: SharedResources): IStream {
  switch (source.kind) {
    case 'kinesis': {
      const { streamArn, encryptionKeyArn } = source;
      const encryption = encryptionKeyArn === undefined ? {} : { encryptionKey: Key.fromKeyArn(scope, 'StreamKey', encryptionKeyArn) };
      return Stream.fromStreamAttributes(scope, 'Stream', { streamArn, ...encryption });
    }
    case 'new-kinesis-stream':
      return new Stream(scope, 'Stream', {
        retentionPeriod: Duration.hours(source.retentionHours),
        encryption: StreamEncryption.MANAGED,
        removalPolicy,
        ...(source.shards === undefined ? { streamMode: StreamMode.ON_DEMAND } : { shardCount: source.shards }),
      });
    default:
      return source satisfies never;
  }
}
