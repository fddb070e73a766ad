import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { type AttributeValue, paginateScan } from '@aws-sdk/client-dynamodb';
import { LEDGER, type Stage } from './stage.ts';

/** BatchWriteItem takes no more. */
const CALL = 25;
const CALLS_AT_ONCE = 2;

type Item = Readonly<Record<string, AttributeValue>>;

/** Adds checkpoints of other Kinesis shards, copies of one that is there. */
export async function addShards(stage: Stage, count: number): Promise<void> {
  const item = await itemLike(stage, '#kinesis#');
  const run = `${item['pk']?.S}#${Date.now()}`;
  await addCopies(stage, count, { ...item, pk: { S: NAME } }, (n) => `${run}#${n}`);
}

/** Adds groups of one Iggy partition, copies of one that is there, with lower offsets. */
export async function addGroups(stage: Stage, count: number): Promise<void> {
  const item = await itemLike(stage, '#iggy#');
  const { length } = String(item['sk']?.S).split('#')[0] ?? '';
  await addCopies(stage, count, { ...item, sk: { S: NAME } }, (n) => `${String(n).padStart(length, '0')}#${Date.now()}`);
}

async function itemLike({ dynamoDb }: Stage, part: string): Promise<Item> {
  for await (const { Items = [] } of paginateScan({ client: dynamoDb }, { TableName: LEDGER })) {
    const item = Items.find(({ pk }) => pk?.S?.includes(part));
    if (item !== undefined) return item;
  }
  throw new Error(`the ledger has no item with ${part} to copy`);
}

/** What is put in its place differs from copy to copy. */
const NAME = 'NAME-OF-THE-COPY';

/** Without the SDK, which would take most of the time for a million items. */
async function addCopies({ env }: Stage, count: number, item: Item, nameOf: (n: number) => string): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const [before = '', after = ''] = JSON.stringify({ PutRequest: { Item: asJson(item) } }).split(NAME);
  let made = 0;
  const lane = async (): Promise<void> => {
    while (made < count) {
      const from = made;
      made += CALL;
      const puts = Array.from({ length: Math.min(CALL, count - from) }, (_, n) => `${before}${nameOf(from + n)}${after}`);
      await write(`{"RequestItems":{"${LEDGER}":[${puts.join(',')}]}}`, String(env['AWS_ENDPOINT_URL_DYNAMODB']), agent);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, lane));
  agent.destroy();
}

/** On the wire, bytes are base64. */
function asJson(item: Item): object {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [name, value.B === undefined ? value : { B: Buffer.from(value.B).toString('base64') }]),
  );
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
