import { BatchWriteItemCommand, type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { LEDGER } from './stage.ts';

/** BatchWriteItem takes no more. */
const CALL = 25;
const CALLS_AT_ONCE = 8;

/** Adds items to a ledger that has some: copies of one of them, of other shards. */
export async function addLedgerItems(client: DynamoDBClient, count: number): Promise<void> {
  const { Items: [item] = [] } = await client.send(new ScanCommand({ TableName: LEDGER, Limit: 1 }));
  if (item === undefined) throw new Error('the ledger has no item to copy');
  const run = `${item['pk']?.S}#${Date.now()}`;
  let made = 0;
  const lane = async (): Promise<void> => {
    while (made < count) {
      const from = made;
      made += CALL;
      const puts = Array.from({ length: Math.min(CALL, count - from) }, (_, n) => ({
        PutRequest: { Item: { ...item, pk: { S: `${run}#${from + n}` } } },
      }));
      const { UnprocessedItems = {} } = await client.send(new BatchWriteItemCommand({ RequestItems: { [LEDGER]: puts } }));
      if (Object.keys(UnprocessedItems).length > 0) throw new Error('DynamoDB left items unwritten');
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, lane));
}
