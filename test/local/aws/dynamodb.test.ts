import { DynamoDBClient, PutItemCommand, QueryCommand, UpdateItemCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynoxidePath } from '../../../local/aws/dynamodb/dynoxide.ts';
import { createLedgerTable } from '../../../local/aws/dynamodb/ledger-table.ts';
import { type DynamoDb, startDynamoDb } from '../../../local/aws/dynamodb/server.ts';

const TableName = 'ledger';

describe.each([
  { engine: 'dynoxide', isInstalled: dynoxidePath() !== undefined },
  { engine: 'dynalite', isInstalled: true },
] as const)('DynamoDB played by $engine', ({ engine, isInstalled }) => {
  describe.skipIf(!isInstalled)('where it is installed', () => {
    let server: DynamoDb;
    let client: DynamoDBClient;

    beforeAll(async () => {
      server = await startDynamoDb({ engine });
      const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
      client = new DynamoDBClient({ region: 'us-east-1', endpoint: server.endpoint, credentials });
      await createLedgerTable(client, TableName);
      await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.05 }, { TableName });
    });
    afterAll(async () => {
      client.destroy();
      await server.close();
    });

    it('tells which program it is', () => {
      expect(server.engine).toBe(engine);
    });

    it('lets only one of many writers make an item', async () => {
      const make = () =>
        client
          .send(
            new PutItemCommand({
              TableName,
              Item: { pk: { S: 'race' }, sk: { S: 'claim' } },
              ConditionExpression: 'attribute_not_exists(pk)',
            }),
          )
          .then(
            () => 'won',
            (thrown: Error) => thrown.name,
          );

      const outcomes = await Promise.all(Array.from({ length: 20 }, make));

      expect(outcomes.toSorted()).toEqual([...Array.from({ length: 19 }, () => 'ConditionalCheckFailedException'), 'won']);
    });

    it('compares padded positions as text in a condition', async () => {
      const through = (position: bigint) => ({ S: position.toString().padStart(129, '0') });
      const advance = (position: bigint) =>
        client.send(
          new UpdateItemCommand({
            TableName,
            Key: { pk: { S: 'shard' }, sk: { S: 'target' } },
            UpdateExpression: 'SET through = :p',
            ConditionExpression: 'attribute_not_exists(through) OR through < :p',
            ExpressionAttributeValues: { ':p': through(position) },
          }),
        );
      await advance(99999999999999999999999999999999999999999999999999999999n);

      await expect(advance(100000000000000000000000000000000000000000000000000000000n)).resolves.toBeDefined();
      await expect(advance(100000000000000000000000000000000000000000000000000000000n)).rejects.toMatchObject({
        name: 'ConditionalCheckFailedException',
      });
    });

    it('queries the last items of a partition backwards', async () => {
      for (const sk of ['1', '2', '3']) await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'loads' }, sk: { S: sk } } }));

      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: 'loads' } },
          ScanIndexForward: false,
          Limit: 2,
        }),
      );

      expect(Items.map(({ sk }) => sk?.S)).toEqual(['3', '2']);
    });

    it('refuses connections after it is closed', async () => {
      const other = await startDynamoDb({ engine });
      await other.close();

      await expect(fetch(other.endpoint)).rejects.toThrow('fetch failed');
    });
  });
});

describe('DynamoDB without a wish', () => {
  it('is played by dynoxide where that is installed, else by dynalite', async () => {
    const server = await startDynamoDb();
    await server.close();

    expect(server.engine).toBe(dynoxidePath() === undefined ? 'dynalite' : 'dynoxide');
  });
});
