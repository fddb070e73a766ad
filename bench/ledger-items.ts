import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { LEDGER, type Stage } from './stage.ts';

/** BatchWriteItem takes no more. */
const CALL = 25;
const CALLS_AT_ONCE = 2;

/**
 * Adds items to a ledger that has some: copies of one of them, of other shards. Written without the SDK, which would take most of the time
 * for a million of them.
 */
export async function addLedgerItems({ dynamoDb, env }: Stage, count: number): Promise<void> {
  const { Items: [item] = [] } = await dynamoDb.send(new ScanCommand({ TableName: LEDGER, Limit: 1 }));
  if (item === undefined) throw new Error('the ledger has no item to copy');
  const agent = new Agent({ keepAlive: true });
  const [before = '', after = ''] = JSON.stringify({ PutRequest: { Item: { ...item, pk: { S: 'NAME' } } } }).split('NAME');
  const run = `${item['pk']?.S}#${Date.now()}`;
  let made = 0;
  const lane = async (): Promise<void> => {
    while (made < count) {
      const from = made;
      made += CALL;
      const puts = Array.from({ length: Math.min(CALL, count - from) }, (_, n) => `${before}${run}#${from + n}${after}`);
      await write(`{"RequestItems":{"${LEDGER}":[${puts.join(',')}]}}`, String(env['AWS_ENDPOINT_URL_DYNAMODB']), agent);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, lane));
  agent.destroy();
}

async function write(body: string, endpoint: string, agent: Agent): Promise<void> {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
    'x-amz-target': 'DynamoDB_20120810.BatchWriteItem',
    authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    'x-amz-date': '20260101T000000Z',
  };
  const call = request(endpoint, { method: 'POST', agent, headers });
  call.end(body);
  const [reply] = (await once(call, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of reply.setEncoding('utf8')) text += piece;
  if (reply.statusCode !== 200 || text !== '{"UnprocessedItems":{}}')
    throw new Error(`DynamoDB did not write: ${reply.statusCode} ${text}`);
}
