import { CfnOutput, Duration, type Stack } from 'aws-cdk-lib';
import { MetricType } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { attach } from './attach.ts';
import { deadLetterQueue, LARGEST_MESSAGE_BYTES } from './dead-letters.ts';
import type { DeployedLoader } from './deployed-loader.ts';
import { doctorFunction } from './doctor-function.ts';
import { iggyEndpoint } from './iggy-endpoint.ts';
import { grantItems } from './ledger-table.ts';
import { loaderFunction, resourceVariables } from './loader-function.ts';
import { LONGEST_WINDOW_SECONDS } from './loader-settings.ts';
import { nameInTemplate } from './name-in-template.ts';
import { concurrencyParameter, loaderParameters } from './parameters.ts';
import { redriveFunction } from './redrive-function.ts';
import { except } from './rules.ts';
import type { Loader } from './settings.ts';
import type { SharedResources } from './shared-resources.ts';
import { type IggySource, QUEUE_RETENTION_HOURS } from './source-settings.ts';

/** Each group has the rate of SQS; otherwise all of them share it. A body that is sent again is in the same group. */
const HIGH_THROUGHPUT = {
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
} as const;

/** AWS recommends six times the timeout of the function, and the window, so that throttled batches are not delivered twice. */
const VISIBILITY_TIMEOUTS = 6;

/** Endpoint, queue and function for what Iggy's http_sink sends. */
export function iggyLoader(stack: Stack, loader: Loader, source: IggySource, shared: SharedResources): DeployedLoader {
  const within = new Construct(stack, `Loader-${loader.name}`);
  const parameters = loaderParameters(stack, loader);
  const queue = sourceQueue(within, loader, source, shared);
  const api = iggyEndpoint(within, loader, source, queue);
  const letters = deadLetterQueue(within, 'DeadLetters', shared.removalPolicy);
  const parts = { loader, parameters, shared, resources: resourceVariables(loader, shared, letters) };
  const made = loaderFunction(within, 'iggy-loader', parts, letters);
  // Groups of records are found by a query, and registered; everything else is an update.
  grantItems(made, shared.ledger, loader, 'dynamodb:PutItem');
  const eventSource = new SqsEventSource(queue, {
    batchSize: parameters.batchSize,
    ...(queue.fifo ? {} : { maxBatchingWindow: parameters.batchWindow }),
    reportBatchItemFailures: true,
    maxConcurrency: concurrencyParameter(stack, loader, source),
    metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
  });
  attach(made, eventSource, parameters.enabled);
  const redrive = redriveFunction(within, parts, { letters });
  doctorFunction(within, parts, { letters });
  // The construct's own output has no name that people could find.
  api.node.tryRemoveChild('Endpoint');
  new CfnOutput(stack, nameInTemplate(loader, 'Endpoint'), { value: api.url, description: `URL of http_sink for ${loader.name}` });
  return { loader, function: made, redrive, letters, arrivals: { kind: 'iggy', queue, api } };
}

function sourceQueue(scope: Construct, loader: Loader, source: IggySource, { removalPolicy }: SharedResources): Queue {
  const fifo = source.queue === 'fifo';
  // The parameter may be turned up to the longest window while the queue stays as it is; a FIFO queue knows none.
  const windowSeconds = fifo ? 0 : LONGEST_WINDOW_SECONDS;
  const queue = new Queue(scope, 'Queue', {
    retentionPeriod: Duration.hours(QUEUE_RETENTION_HOURS),
    maxMessageSizeBytes: LARGEST_MESSAGE_BYTES,
    visibilityTimeout: Duration.seconds(VISIBILITY_TIMEOUTS * loader.function.timeoutSeconds + windowSeconds),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    removalPolicy,
    ...(fifo ? { ...HIGH_THROUGHPUT, fifo, contentBasedDeduplication: loader.environment.config.iggy.bodies === 'envelope' } : {}),
  });
  except(queue, 'SQS3', 'A limit of receives would move good messages away in an outage; the function itself keeps what can never load.');
  return queue;
}
