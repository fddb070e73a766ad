import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { type FunctionHost, type FunctionOptions, startFunctionHost } from '../../../local/function-process/host.ts';

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

function sourceOf(body: string): string {
  return `
import { appendFileSync } from 'node:fs';
const state = {};
export const handler = async (event, context) => {
  const texts = event.Records.map((record) => Buffer.from(record.kinesis.data, 'base64').toString());
  const failing = (index) => ({ batchItemFailures: [{ itemIdentifier: event.Records[index].kinesis.sequenceNumber }] });
  const shard = event.Records[0].eventID.split(':')[0];
  appendFileSync(process.env.SEEN, JSON.stringify({ shard, texts: texts.map((text) => text.slice(0, 20)) }) + '\\n');
  ${body}
};`;
}

export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'mapping-'));
  const [kinesisServer, sqsServer] = await Promise.all([startKinesis(), startSqs()]);
  const shared = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const kinesis = new KinesisClient({ ...shared, endpoint: kinesisServer.endpoint });
  const sqs = new SQSClient({ ...shared, endpoint: sqsServer.endpoint });
  const open: { readonly mapping: EventSourceMapping; readonly host: FunctionHost }[] = [];
  let made = 0;

  const endTest = async (): Promise<void> => {
    for (const { mapping, host } of open.splice(0)) {
      await host.close();
      await mapping.stop();
    }
  };
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
      const bundle = join(folder, `handler-${++made}.mjs`);
      const seenFile = join(folder, `seen-${made}.jsonl`);
      await writeFile(bundle, sourceOf(body));
      const host = startFunctionHost({ name: 'handler', bundle, env: { SEEN: seenFile }, timeoutMillis: 20_000, ...hostOptions });
      const events: MappingEvent[] = [];
      const mapping = await startEventSourceMapping({
        kinesis,
        stream,
        function: host,
        observe: (event) => void events.push(event),
        retryDelayMillis: () => 1,
        pollIntervalMillis: 10,
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
      return { ...mapping, seen, texts: () => seen().map(({ texts }) => texts), events };
    },
    endTest,
    close: async () => {
      await endTest();
      kinesis.destroy();
      sqs.destroy();
      await Promise.all([kinesisServer.close(), sqsServer.close()]);
      await rm(folder, { recursive: true });
    },
  };
}
