import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startSqs } from '../../../local/aws/sqs/server.ts';
import type { EventSourceMapping } from '../../../local/event-source-mapping/kinesis.ts';
import { startSqsMapping } from '../../../local/event-source-mapping/sqs.ts';
import type { SqsMappingEvent, SqsMappingOptions } from '../../../local/event-source-mapping/sqs-settings.ts';
import { type FunctionHost, type FunctionOptions, startFunctionHost } from '../../../local/function-process/host.ts';

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
  /** Maps the queue to a function whose body gets `event`, its `bodies`, and `state`, which lives as long as its process. */
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

function sourceOf(body: string): string {
  return `
import { appendFileSync } from 'node:fs';
const state = {};
export const handler = async (event, context) => {
  const bodies = event.Records.map((record) => record.body);
  const receives = event.Records.map((record) => Number(record.attributes.ApproximateReceiveCount));
  const failing = (...wanted) => ({ batchItemFailures: event.Records.filter((record) => wanted.includes(record.body)).map((record) => ({ itemIdentifier: record.messageId })) });
  appendFileSync(process.env.SEEN, JSON.stringify({ bodies: bodies.map((text) => text.slice(0, 20)), receives }) + '\\n');
  ${body}
};`;
}

export async function openQueueStage(): Promise<QueueStage> {
  const folder = await mkdtemp(join(tmpdir(), 'queues-'));
  const server = await startSqs();
  const sqs = new SQSClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    endpoint: server.endpoint,
  });
  const open: { readonly mapping: EventSourceMapping; readonly host: FunctionHost }[] = [];
  let made = 0;

  const endTest = async (): Promise<void> => {
    for (const { mapping, host } of open.splice(0)) {
      await host.close();
      await mapping.stop();
    }
  };
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
      const bundle = join(folder, `handler-${++made}.mjs`);
      const seenFile = join(folder, `seen-${made}.jsonl`);
      await writeFile(bundle, sourceOf(body));
      const host = startFunctionHost({ name: 'handler', bundle, env: { SEEN: seenFile }, timeoutMillis: 20_000, ...hostOptions });
      const events: SqsMappingEvent[] = [];
      const mapping = await startSqsMapping({
        sqs,
        queueUrl,
        function: host,
        observe: (event) => void events.push(event),
        pollIntervalMillis: 10,
        maximumConcurrency: 1,
        ...mappingOptions,
      });
      open.push({ mapping, host });
      const seen = (): readonly Seen[] =>
        existsSync(seenFile)
          ? readFileSync(seenFile, 'utf8')
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line) as Seen)
          : [];
      return { ...mapping, seen, events };
    },
    endTest,
    close: async () => {
      await endTest();
      sqs.destroy();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}
