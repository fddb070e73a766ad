import { ChangeMessageVisibilityBatchCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { inLanes } from '../in-lanes.ts';
import { NOWHERE } from '../source/iggy.ts';
import type { Telemetry } from '../telemetry.ts';
import type { HiddenMessage, Visibility } from './visibility.ts';

const BATCH_ENTRIES = 10;
const LANES = 8;

/** The visibility of messages in their SQS queues. A queue is looked up by its name once, in the account that it belongs to. */
export function sqsVisibility(client: SQSClient, telemetry: Telemetry): Visibility {
  const urls = new Map<string, Promise<string>>();
  const urlOf = (arn: string): Promise<string> => {
    const known = urls.get(arn) ?? lookUp(client, arn);
    urls.set(arn, known);
    known.catch(() => urls.delete(arn));
    return known;
  };

  async function hideBatch(batch: readonly HiddenMessage[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const Entries = batch.map(({ message, within }, index) => ({
      Id: String(index),
      ReceiptHandle: message.receiptHandle,
      VisibilityTimeout: Math.ceil(within / 1000),
    }));
    try {
      const QueueUrl = await urlOf(first.message.queueArn);
      const { Failed = [] } = await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
      if (Failed.length > 0) tell(Failed.length, `${Failed[0]?.Code}: ${Failed[0]?.Message ?? 'no reason given'}`);
    } catch (error) {
      tell(batch.length, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }

  function tell(messages: number, reason: string): void {
    telemetry.record({ kind: 'visibility-unchanged', source: NOWHERE, messages, reason });
  }

  return {
    async hide(messages) {
      await inLanes(batchesOf(messages), LANES, hideBatch);
    },
  };
}

async function lookUp(client: SQSClient, arn: string): Promise<string> {
  const [, , , , account, name] = arn.split(':');
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }));
  if (QueueUrl === undefined) throw new Error(`SQS gave no URL for ${arn}`);
  return QueueUrl;
}

/** At most ten messages of one queue. */
function batchesOf(messages: readonly HiddenMessage[]): HiddenMessage[][] {
  const batches: HiddenMessage[][] = [];
  for (const hidden of messages) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < BATCH_ENTRIES && last[0]?.message.queueArn === hidden.message.queueArn) last.push(hidden);
    else batches.push([hidden]);
  }
  return batches;
}
