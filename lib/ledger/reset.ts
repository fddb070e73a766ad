import { ConditionalCheckFailedException, type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../clock.ts';
import type { Position } from '../source/position.ts';
import { keyOf } from './item.ts';
import type { ListedCheckpoint } from './listing.ts';

/**
 * Moves a watermark by hand, backwards too, and drops the claim: the one write that no loader makes. It happens only while the checkpoint
 * is as it was listed.
 * @returns whether it happened; `false` when a loader wrote in between.
 */
export async function resetCheckpoint(
  client: DynamoDBClient,
  table: string,
  listed: ListedCheckpoint,
  through: Position,
  clock: Clock,
): Promise<boolean> {
  const { claim, through: before } = listed.checkpoint;
  const isBack = before !== undefined && through < before;
  const unchanged = [
    '#updatedAt = :updatedAt',
    before === undefined ? 'attribute_not_exists(#through)' : '#through = :before',
    claim === undefined ? 'attribute_not_exists(#claim)' : '#claim.#fence = :fence',
  ];
  const update = new UpdateItemCommand({
    TableName: table,
    Key: keyOf(listed),
    // What redrive took over is the loader's again when the watermark goes back.
    UpdateExpression: `SET #through = :through, #updatedAt = :now REMOVE #claim${isBack ? ', #handed' : ''}`,
    ConditionExpression: unchanged.join(' AND '),
    ExpressionAttributeNames: {
      '#through': 'through',
      '#updatedAt': 'updatedAt',
      '#claim': 'claim',
      ...(isBack ? { '#handed': 'handed' } : {}),
      ...(claim === undefined ? {} : { '#fence': 'fence' }),
    },
    ExpressionAttributeValues: {
      ':through': { S: through },
      ':now': { N: String(clock.now()) },
      ':updatedAt': { N: String(listed.updatedAt) },
      ...(before === undefined ? {} : { ':before': { S: before } }),
      ...(claim === undefined ? {} : { ':fence': { N: String(claim.fence) } }),
    },
  });
  try {
    await client.send(update);
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
