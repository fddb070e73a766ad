import { randomUUID } from 'node:crypto';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Contender } from './laps.ts';

/** Two conditional writes of one item in a row and nothing else: what the ledger's round trips cost here. */
export function ledgerAlone(): Contender {
  const client = new DynamoDBClient({});
  return async () => {
    const Key = { pk: { S: `bench#${randomUUID()}` }, sk: { S: 'alone' } };
    for (const value of ['1', '2']) await client.send(writeOf(Key, value));
  };
}

function writeOf(Key: { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } }, value: string): UpdateItemCommand {
  return new UpdateItemCommand({
    TableName: process.env['LEDGER_TABLE'],
    Key,
    UpdateExpression: 'SET #value = :value',
    ConditionExpression: 'attribute_not_exists(#value) OR #value < :value',
    ExpressionAttributeNames: { '#value': 'value' },
    ExpressionAttributeValues: { ':value': { S: value } },
  });
}
