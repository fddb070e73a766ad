import {
  CreateStreamCommand,
  KinesisClient,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { SQSClient } from '@aws-sdk/client-sqs';
import { startKinesis } from '../../../local/aws/kinesis/server.ts';
import { startSqs } from '../../../local/aws/sqs/server.ts';
import type { MappingEvent } from '../../../local/event-source-mapping/events.ts';
import { type EventSourceMapping, startEventSourceMapping } from '../../../local/event-source-mapping/kinesis.ts';
import type { KinesisMappingOptions } from '../../../local/event-source-mapping/settings.ts';
import type { FunctionOptions } from '../../../local/function-process/host.ts';
import { LOCAL, openFunctions } from './functions.ts';

/** One delivery as the function saw it. */
interface Seen {
  readonly shard: string;
  readonly texts: readonly string[];
}

/** Real Kinesis and SQS emulators, and the functions and mappings of one test file. */
export interface Stage {
  readonly kinesis: KinesisClient;
  readonly sqs: SQSClient;
  createStream(shards?: number): Promise<string>;
  put(stream: string, ...records: readonly (string | PutRecordsRequestEntry)[]): Promise<void>;
  /** Maps the stream to a function whose body gets `event`, the decoded `texts`, and `state`, which lives as long as its process. */
  map(stream: string, body: string, options?: MapOptions): Promise<Mapped>;
  endTest(): Promise<void>;
  close(): Promise<void>;
}

type MapOptions = Partial<KinesisMappingOptions> & { readonly host?: Partial<FunctionOptions> };

interface Mapped extends EventSourceMapping {
  /** Every delivery so far, in the order in which the function began it. */
  seen(): readonly Seen[];
  texts(): readonly (readonly string[])[];
  readonly events: readonly MappingEvent[];
}

function handlerOf(body: string): string {
  return `
  const texts = event.Records.map((record) => Buffer.from(record.kinesis.data, 'base64').toString());
  const failing = (index) => ({ batchItemFailures: [{ itemIdentifier: event.Records[index].kinesis.sequenceNumber }] });
  saw({ shard: event.Records[0].eventID.split(':')[0], texts: texts.map((text) => text.slice(0, 20)) });
  ${body}`;
}

export async function openStage(): Promise<Stage> {
  const [functions, kinesisServer, sqsServer] = await Promise.all([openFunctions<Seen>(), startKinesis(), startSqs()]);
  const kinesis = new KinesisClient({ ...LOCAL, endpoint: kinesisServer.endpoint });
  const sqs = new SQSClient({ ...LOCAL, endpoint: sqsServer.endpoint });
  let made = 0;
  return {
    kinesis,
    sqs,
    createStream: async (shards = 1) => {
      const name = `stream-${++made}`;
      await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
      await waitUntilStreamExists({ client: kinesis, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 }, { StreamName: name });
      return name;
    },
    put: async (StreamName, ...records) => {
      const entry = (text: string): PutRecordsRequestEntry => ({ Data: Buffer.from(text), PartitionKey: 'one' });
      const Records = records.map((record) => (typeof record === 'string' ? entry(record) : record));
      await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    },
    map: async (stream, body, options = {}) => {
      const { host: hostOptions, ...mappingOptions } = options;
      const events: MappingEvent[] = [];
      const mapped = await functions.map(handlerOf(body), hostOptions, (host) =>
        startEventSourceMapping({
          kinesis,
          stream,
          function: host,
          observe: (event) => void events.push(event),
          retryDelayMillis: () => 1,
          pollIntervalMillis: 10,
          ...mappingOptions,
        }),
      );
      return { ...mapped, texts: () => mapped.seen().map(({ texts }) => texts), events };
    },
    endTest: functions.endTest,
    close: async () => {
      await functions.close();
      kinesis.destroy();
      sqs.destroy();
      await Promise.all([kinesisServer.close(), sqsServer.close()]);
    },
  };
}
