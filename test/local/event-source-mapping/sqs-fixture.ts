import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { vi } from 'vitest';
import { startSqs } from '../../../local/aws/sqs/server.ts';
import type { EventSourceMapping } from '../../../local/event-source-mapping/kinesis.ts';
import { startSqsMapping } from '../../../local/event-source-mapping/sqs.ts';
import type { SqsMappingEvent, SqsMappingOptions } from '../../../local/event-source-mapping/sqs-settings.ts';
import type { FunctionOptions } from '../../../local/function-process/host.ts';
import { LOCAL, openFunctions } from './functions.ts';

/** The visibility timeout of a queue that does not say otherwise. */
const VISIBILITY_MILLIS = 30_000;

/** One delivery as the function saw it. */
interface Seen {
  readonly bodies: readonly string[];
  readonly receives: readonly number[];
}

/** A real SQS emulator, and the functions and mappings of one test file. */
export interface QueueStage {
  readonly sqs: SQSClient;
  createQueue(attributes?: Record<string, string>): Promise<string>;
  /** Sends messages in order; to a FIFO queue as `group:body`. */
  send(queueUrl: string, ...bodies: readonly string[]): Promise<void>;
  /** Messages that are visible, and in flight. */
  count(queueUrl: string): Promise<number>;
  /**
   * Maps the queue to a function whose body gets `event`, its `bodies`, and `state`, which lives as long as its process. What failed
   * becomes visible when nothing else is left.
   */
  map(queueUrl: string, body: string, options?: MapOptions): Promise<MappedQueue>;
  endTest(): Promise<void>;
  close(): Promise<void>;
}

type MapOptions = Partial<SqsMappingOptions> & { readonly host?: Partial<FunctionOptions> };

interface MappedQueue extends EventSourceMapping {
  /** Every delivery so far, in the order in which the function began it. */
  seen(): readonly Seen[];
  readonly events: readonly SqsMappingEvent[];
}

function handlerOf(body: string): string {
  return `
  const bodies = event.Records.map((record) => record.body);
  const receives = event.Records.map((record) => Number(record.attributes.ApproximateReceiveCount));
  const failing = (...wanted) => ({ batchItemFailures: event.Records.filter((record) => wanted.includes(record.body)).map((record) => ({ itemIdentifier: record.messageId })) });
  saw({ bodies: bodies.map((text) => text.slice(0, 20)), receives });
  ${body}`;
}

export async function openQueueStage(): Promise<QueueStage> {
  const [functions, server] = await Promise.all([openFunctions<Seen>(), startSqs()]);
  const sqs = new SQSClient({ ...LOCAL, endpoint: server.endpoint });
  let made = 0;
  // The queues run in this process. Their time jumps when nothing but what failed is left: no machine is too slow for a visibility timeout.
  const now = Date.now;
  let jumped = 0;
  let hasFailed = false;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + jumped);
  sqs.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args);
        if (hasFailed && commandName === 'ReceiveMessageCommand' && !('Messages' in result.output)) {
          jumped += VISIBILITY_MILLIS;
          hasFailed = false;
        }
        return result;
      },
    { step: 'initialize' },
  );

  return {
    sqs,
    createQueue: async (Attributes = {}) => {
      const fifo = Attributes['FifoQueue'] === 'true';
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `queue-${++made}${fifo ? '.fifo' : ''}`, Attributes }));
      return QueueUrl;
    },
    send: async (QueueUrl, ...bodies) => {
      const fifo = QueueUrl.endsWith('.fifo');
      const entries = bodies.map((body, index) => {
        const [group = '', text = ''] = body.split(':');
        return fifo
          ? { Id: String(index % 10), MessageBody: text, MessageGroupId: group, MessageDeduplicationId: `${++made}` }
          : { Id: String(index % 10), MessageBody: body };
      });
      for (let from = 0; from < entries.length; from += 10)
        await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: entries.slice(from, from + 10) }));
    },
    count: async (QueueUrl) => {
      const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
      return Number(Attributes['ApproximateNumberOfMessages']) + Number(Attributes['ApproximateNumberOfMessagesNotVisible']);
    },
    map: async (queueUrl, body, options = {}) => {
      const { host: hostOptions, ...mappingOptions } = options;
      const events: SqsMappingEvent[] = [];
      const mapped = await functions.map(handlerOf(body), hostOptions, (host) =>
        startSqsMapping({
          sqs,
          queueUrl,
          function: host,
          observe: (event) => {
            events.push(event);
            if (event.kind === 'outcome' && event.failed.size > 0) hasFailed = true;
          },
          pollIntervalMillis: 10,
          maximumConcurrency: 1,
          ...mappingOptions,
        }),
      );
      return { ...mapped, events };
    },
    endTest: functions.endTest,
    close: async () => {
      await functions.close();
      clock.mockRestore();
      sqs.destroy();
      await server.close();
    },
  };
}
