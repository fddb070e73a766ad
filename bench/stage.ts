import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startAws } from '../local/aws/start.ts';

/** What the handler needs around it, cheap and counted. */
export interface Stage {
  readonly frontend: string;
  readonly env: Readonly<Record<string, string>>;
  /** DynamoDB calls so far, by operation. */
  readonly calls: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

const LEDGER = 'ledger';

/** Starts the counting Doris, and the DynamoDB emulator behind a proxy that counts calls. */
export async function openStage(): Promise<Stage> {
  const aws = await startAws();
  const sink = new Worker(new URL('./sink-entry.mjs', import.meta.url), { execArgv: [] });
  const [frontend] = (await once(sink, 'message')) as [string];
  const calls = new Map<string, number>();
  const proxy = await countingProxy(aws.dynamoDb.endpoint, calls);
  const env = {
    ...aws.env,
    AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint,
    DORIS_FE_URLS: frontend,
    DORIS_USER: 'bench',
    DORIS_PASSWORD: '',
    DORIS_DATABASE: 'db',
    DORIS_TABLE: 't',
    LEDGER_TABLE: LEDGER,
    DEAD_LETTER_QUEUE_URL: `${aws.sqs.endpoint}/000000000000/none`,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  };
  await createLedger(aws.dynamoDb.endpoint);
  return {
    frontend,
    env,
    calls,
    close: async () => {
      await sink.terminate();
      proxy.close();
      await aws.close();
    },
  };
}

async function createLedger(endpoint: string): Promise<void> {
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
  const keys = [
    ['pk', 'HASH'],
    ['sk', 'RANGE'],
  ] as const;
  await client.send(
    new CreateTableCommand({
      TableName: LEDGER,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys.map(([AttributeName, KeyType]) => ({ AttributeName, KeyType })),
      AttributeDefinitions: keys.map(([AttributeName]) => ({ AttributeName, AttributeType: 'S' as const })),
    }),
  );
  client.destroy();
}

async function countingProxy(target: string, calls: Map<string, number>) {
  const server = createServer((incoming, outgoing) => {
    const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    const forward = request(target, { method: incoming.method ?? 'POST', headers: incoming.headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    incoming.pipe(forward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
