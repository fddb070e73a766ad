import { GetQueueAttributesCommand, type QueueAttributeName } from '@aws-sdk/client-sqs';
import type { EventSourceMapping } from './kinesis.ts';
import { createSignal } from './signal.ts';
import { runPoller } from './sqs-poller.ts';
import { readSqsSettings, type SqsMappingOptions, type SqsMappingSettings } from './sqs-settings.ts';

/**
 * Feeds a function from a queue by the rules of Lambda's event source mapping. What becomes of a message that is not settled is the
 * queue's own affair: it is visible again after its visibility timeout, and goes to the queue's dead-letter queue by its redrive policy.
 *
 * @throws {RangeError} when the settings are none that Lambda takes
 */
export async function startSqsMapping(options: SqsMappingOptions): Promise<EventSourceMapping> {
  const settings = readSqsSettings(options);
  const { QueueArn: queueArn = '' } = await attributesOf(settings, ['QueueArn']);
  const [, , , region = ''] = queueArn.split(':');
  const stopping = createSignal();
  const holding = new Map<number, number>();
  let isStopped = false;
  const pollers = Array.from({ length: settings.maximumConcurrency }, (_, poller) =>
    runPoller({
      settings,
      origin: { queueArn, region },
      poller,
      stopping,
      isStopped: () => isStopped,
      onHolding: (messages) => holding.set(poller, messages),
    }),
  );
  return {
    drained: async () => {
      while (!(await isEmpty(settings)) || [...holding.values()].some((messages) => messages > 0)) {
        if (isStopped) throw new Error(`The mapping of ${queueArn} was stopped before its queue was empty`);
        await stopping.wait(settings.pollIntervalMillis);
      }
    },
    stop: async () => {
      isStopped = true;
      stopping.notify();
      await Promise.all(pollers);
    },
  };
}

const COUNTS = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessagesDelayed'] as const;

/** Nothing waits, is in flight or is delayed. */
async function isEmpty(settings: SqsMappingSettings): Promise<boolean> {
  const attributes = await attributesOf(settings, COUNTS);
  return COUNTS.every((name) => attributes[name] === '0');
}

async function attributesOf(
  { sqs, queueUrl }: SqsMappingSettings,
  names: readonly QueueAttributeName[],
): Promise<Partial<Record<string, string>>> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...names] }));
  return Attributes;
}
