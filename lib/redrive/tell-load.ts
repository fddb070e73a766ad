import { ConditionalCheckFailedException, type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../clock.ts';
import { drawNonce } from '../nonce.ts';
import type { PersonsWord } from '../settle/tell-claim.ts';
import type { FoundLoad } from './find.ts';
import { loadOf } from './items.ts';
import type { LoadState } from './ledger.ts';

/** What a load of a redrive is by a person's word. */
export const LOAD_BY_WORD = { stored: 'stored', 'not-stored': 'void' } as const satisfies Record<PersonsWord, LoadState['state']>;

/**
 * Ends a contradicted load by a person's word, while it is as it was read: the one write that no redrive makes. For `not-stored` the rule
 * of `tellClaim` holds.
 * @returns whether it happened; `false` when somebody wrote the load since.
 */
export async function tellLoad(
  client: DynamoDBClient,
  TableName: string,
  { item, load }: FoundLoad,
  word: PersonsWord,
  clock: Clock,
): Promise<boolean> {
  const Key = { pk: { S: item.pk }, sk: { S: item.sk } };
  const fence = drawNonce(clock);
  const update = new UpdateItemCommand({
    TableName,
    Key,
    UpdateExpression: 'SET #state = :told, #fence = :mine REMOVE #reason',
    ConditionExpression: '#state = :contradicted AND #fence = :fence',
    ExpressionAttributeNames: { '#state': 'state', '#fence': 'fence', '#reason': 'reason' },
    ExpressionAttributeValues: {
      ':told': { S: LOAD_BY_WORD[word] },
      ':mine': { N: String(fence) },
      ':contradicted': { S: 'contradicted' },
      ':fence': { N: String(load.fence) },
    },
  });
  try {
    await client.send(update);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    // A reply that was lost makes a write look like somebody else's.
    const { Item: now } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    return now !== undefined && loadOf(now).fence === fence;
  }
}
