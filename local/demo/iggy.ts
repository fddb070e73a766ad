import { fileURLToPath } from 'node:url';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { seededRandom } from '../doris/faults.ts';
import type { MappingEvent } from '../event-source-mapping/events.ts';
import { startSqsMapping } from '../event-source-mapping/sqs.ts';
import type { SqsMappingEvent } from '../event-source-mapping/sqs-settings.ts';
import { type FunctionHost, startFunctionHost } from '../function-process/host.ts';
import { startGateway } from '../iggy/gateway.ts';
import { createHttpSink } from '../iggy/http-sink.ts';
import type { DataSet } from './data-set.ts';
import type { ReadLetter } from './dead-letters.ts';
import { nameOf, produceOverIggy } from './iggy-produce.ts';
import type { ProduceOptions } from './produce.ts';
import type { Stack } from './stack.ts';

/** Data sets on their way from an Iggy topic over http_sink, its endpoint and SQS to the function. */
export interface IggyLane {
  readonly functions: FunctionHost;
  readonly entrance: IggyEntrance;
  /** Sends one data set after another. @returns how many records of each were sent. */
  produce(sets: readonly DataSet[], options: ProduceOptions): Promise<readonly { readonly dataSet: DataSet; readonly count: number }[]>;
  drained(): Promise<void>;
  /** Iggy's messages have no key: the letters of poison get the names that it was sent under. */
  named(letters: readonly ReadLetter[]): ReadLetter[];
  stop(): Promise<void>;
}

/** Where bodies of http_sink go in. */
export interface IggyEntrance {
  readonly url: string;
  readonly apiKey: string;
  readonly queueUrl: string;
}

/** What the lane is started with. */
export interface IggyLaneOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMillis: number;
  readonly concurrency: number;
  /** Loses replies of the endpoint and deliveries of the queue, drawn from the seed. */
  readonly faults: boolean;
  readonly seed: number;
  readonly onOutput: (text: string) => void;
  /** Told in the words of a stream's mapping, which everything that watches a run understands. */
  readonly observe: (event: MappingEvent) => void;
}

const BUNDLE = fileURLToPath(new URL('../../dist/functions/iggy-loader/index.mjs', import.meta.url));
const API_KEY = 'local-only';
const LOST_REPLIES = 0.1;

/** Starts queue, endpoint, function and mapping. */
export async function startIggyLane(stack: Stack, options: IggyLaneOptions): Promise<IggyLane> {
  const { sqs } = stack;
  // AWS recommends six times the function's timeout and takes no less than it; messages of a killed function come again only after it.
  const VisibilityTimeout = String(Math.ceil(((options.faults ? 1 : 6) * options.timeoutMillis) / 1000));
  const { QueueUrl: queueUrl = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'iggy-messages', Attributes: { VisibilityTimeout } }),
  );
  const random = seededRandom(options.seed);
  const replies = () => (options.faults && random() < LOST_REPLIES ? 'lost' : 'sent');
  const gateway = await startGateway({ sqs, queueUrl, apiKey: API_KEY, replies });
  const functions = startFunctionHost({
    name: 'iggy-loader',
    bundle: BUNDLE,
    // The run shall end soon after its last fault.
    env: { ...options.env, IGGY_RETRY_MAX_SECONDS: '5' },
    timeoutMillis: options.timeoutMillis,
    concurrency: options.concurrency,
    onOutput: ({ text }) => options.onOutput(text),
  });
  const mapping = await startSqsMapping({
    sqs,
    queueUrl,
    function: functions,
    batchSize: 1000,
    batchingWindowSeconds: 1,
    maximumConcurrency: options.concurrency,
    observe: (event) => {
      for (const told of inWordsOfAStream(event)) options.observe(told);
    },
    ...(options.faults ? { redeliver: { seed: options.seed, probability: 0.2 } } : {}),
  });
  const names = new Map<string, string>();
  const sinkOf = (schema: 'text' | 'raw') =>
    createHttpSink({
      url: gateway.endpoint,
      headers: { 'x-api-key': API_KEY },
      batchMode: 'json_array',
      schema,
      maxRetries: 20,
      retryDelayMillis: 1,
    });
  return {
    functions,
    entrance: { url: gateway.endpoint, apiKey: API_KEY, queueUrl },
    drained: mapping.drained,
    produce: (sets, produced) => produceOverIggy(sets, { text: sinkOf('text'), raw: sinkOf('raw') }, names, produced),
    named: (letters) => letters.map((letter) => ({ ...letter, partitionKey: names.get(nameOf(letter)) ?? letter.partitionKey })),
    stop: async () => {
      await Promise.all([mapping.stop(), functions.close()]);
      await gateway.close();
    },
  };
}

function inWordsOfAStream(event: SqsMappingEvent): MappingEvent[] {
  if (!('messages' in event)) return [];
  const { messages } = event;
  const batch = { shardId: 'iggy', count: messages.length, first: messages[0] ?? '', last: messages.at(-1) ?? '', lastArrivedAt: 0 };
  switch (event.kind) {
    case 'batch':
      return [{ kind: 'batch', batch, failures: event.redelivered }];
    case 'bad-luck':
      return [{ kind: 'bad-luck', batch, luck: { kind: event.luck } }];
    case 'outcome': {
      const settled = messages.length - event.failed.size;
      const some = settled === 0 ? ({ kind: 'refused' } as const) : ({ kind: 'checkpoint', index: settled } as const);
      return [{ kind: 'outcome', batch, result: event.result, verdict: event.failed.size === 0 ? { kind: 'settled' } : some }];
    }
    default:
      return event satisfies never;
  }
}
