import { CfnOutput, Duration, type Stack } from 'aws-cdk-lib';
import { type IStream, Stream, StreamConsumer, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { type IEventSourceDlq, MetricType, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisConsumerEventSource, KinesisEventSource, type KinesisEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { attach } from './attach.ts';
import { grantBelow, grantList } from './bucket-grants.ts';
import { deadLetterQueue } from './dead-letters.ts';
import type { DeployedLoader } from './deployed-loader.ts';
import { doctorFunction } from './doctor-function.ts';
import { type ExpiredBatches, expiredBatches, placeOf } from './expired-batches.ts';
import { grantDecrypt } from './function-role.ts';
import { loaderFunction, resourceVariables } from './loader-function.ts';
import { nameInTemplate } from './name-in-template.ts';
import { type LoaderParameters, loaderParameters } from './parameters.ts';
import { redriveFunction } from './redrive-function.ts';
import type { Loader } from './settings.ts';
import type { SharedResources } from './shared-resources.ts';
import type { KinesisSource } from './source-settings.ts';

/** Attaches a loader to a Kinesis stream. */
export function kinesisLoader(stack: Stack, loader: Loader, source: KinesisSource, shared: SharedResources): DeployedLoader {
  const within = new Construct(stack, `Loader-${loader.name}`);
  const letters = deadLetterQueue(within, 'DeadLetters', shared.removalPolicy);
  const stream = streamOf(within, source, shared);
  const parts = {
    loader,
    parameters: loaderParameters(stack, loader),
    shared,
    resources: { ...resourceVariables(loader, shared, letters), SOURCE_STREAM_ARN: stream.streamArn },
  };
  const made = loaderFunction(within, 'kinesis-loader', parts, letters);
  const keyArn = source.kind === 'kinesis' ? source.encryptionKeyArn : undefined;
  grantDecrypt(made, keyArn, 'kinesis');
  const expired = expiredBatches(within, shared);
  const props = mappingProps(source, parts.parameters, expired);
  const eventSource = source.enhancedFanOut
    ? new KinesisConsumerEventSource(
        new StreamConsumer(within, 'Consumer', { stream, streamConsumerName: `${stack.stackName}-${loader.name}` }),
        props,
      )
    : new KinesisEventSource(stream, props);
  attach(made, eventSource, parts.parameters.enabled);
  const mappingId = eventSource.eventSourceMappingId;
  const redrive = redriveFunction(within, parts, { letters, expired: placeOf(expired, mappingId), stream: { stream, keyArn } });
  doctorFunction(within, parts, { letters, stream });
  if (source.kind === 'new-kinesis-stream')
    new CfnOutput(stack, nameInTemplate(loader, 'Stream'), { value: stream.streamName, description: `Kinesis stream of ${loader.name}` });
  return { loader, function: made, redrive, letters, arrivals: { kind: 'kinesis', stream, mappingId, expired } };
}

function mappingProps(source: KinesisSource, parameters: LoaderParameters, expired: ExpiredBatches): KinesisEventSourceProps {
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
function reportExpired(expired: ExpiredBatches): IEventSourceDlq {
  return {
    bind(_mapping, handler) {
      if (expired.kind === 'queue') {
        expired.queue.grant(handler, 'sqs:SendMessage');
        return { destination: expired.queue.queueArn };
      }
      grantBelow(handler, expired.bucket, 'aws/lambda', ['s3:PutObject'], 'Lambda makes the keys of its reports.');
      grantList(handler, expired.bucket);
      return { destination: expired.bucket.bucketArn };
    },
  };
}

function streamOf(scope: Construct, source: KinesisSource, { removalPolicy }: SharedResources): IStream {
  switch (source.kind) {
    case 'kinesis':
      return Stream.fromStreamArn(scope, 'Stream', source.streamArn);
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
