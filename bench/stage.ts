import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createLedgerTable } from '../local/aws/dynamodb/ledger-table.ts';
import { startAws } from '../local/aws/start.ts';
import { startCounter } from './counter.ts';

/** What the function needs around it, cheap. */
export interface Stage {
  readonly frontend: string;
  /** The function's environment; the ledger's table is there. */
  readonly env: Readonly<Record<string, string>>;
  /** What takes the place of its ledger's endpoint while calls are counted. */
  countCalls(): ReturnType<typeof startCounter>;
  readonly dynamoDb: DynamoDBClient;
  close(): Promise<void>;
}

/** Name of the ledger's table. */
export const LEDGER = 'ledger';

/** Starts a Doris that only counts lines, in a thread of its own, and the embedded DynamoDB, which is a process of its own. */
export async function openStage(): Promise<Stage> {
  const aws = await startAws();
  const sink = new Worker(new URL('./sink-entry.mjs', import.meta.url), { execArgv: [] });
  const [frontend] = (await once(sink, 'message')) as [string];
  const dynamoDb = new DynamoDBClient({
    endpoint: aws.dynamoDb.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await createLedgerTable(dynamoDb, LEDGER);
  const env = {
    ...aws.env,
    DORIS_FE_URLS: frontend,
    DORIS_USER: 'bench',
    DORIS_PASSWORD: '',
    DORIS_DATABASE: 'db',
    DORIS_TABLE: 't',
    LEDGER_TABLE: LEDGER,
    DEAD_LETTER_QUEUE_URL: `${aws.sqs.endpoint}/000000000000/none`,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  return {
    frontend,
    env,
    dynamoDb,
    countCalls: () => startCounter(aws.dynamoDb.endpoint),
    close: async () => {
      dynamoDb.destroy();
      await sink.terminate();
      await aws.close();
    },
  };
}
