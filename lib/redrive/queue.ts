import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { DeadLettersUnavailable } from '../dead-letter/letter.ts';
import type { QueuedMessage } from '../dead-letter/read.ts';
import { inLanes } from '../in-lanes.ts';
import type { Millis } from '../units.ts';
import { LANES } from './lanes.ts';

/** A message in hand: nobody else gets it until its hold is over. */
export interface HeldMessage extends QueuedMessage {
  readonly receiptHandle: string;
}

/** A queue of letters, read without losing any: what is taken comes back by itself, unless it is deleted. */
export interface LetterQueue {
  /** The next messages, each once a run, at most so many and about so many bytes; none when the queue gives no more. */
  take(most: number, bytes: number): Promise<readonly HeldMessage[]>;
  /** Takes messages off the queue for good. @returns those that it did not let go of. */
  remove(messages: readonly HeldMessage[]): Promise<readonly HeldMessage[]>;
  /** Makes everything that was taken and not removed visible to others again, as far as the queue answers. */
  release(): Promise<void>;
}

const BATCH = 10;

/** @param hold - for so long messages in hand stay hidden from others; a run that is killed leaves them hidden for that long. */
export function letterQueue(client: SQSClient, QueueUrl: string, hold: Millis): LetterQueue {
  const name = `the dead-letter queue ${QueueUrl}`;
  const handles = new Map<string, string>();
  const removed = new Set<string>();
  let ended = false;
  /** Messages since the last new one, each of which was in hand before: what stays comes again when its hold is over. */
  let known = 0;

  async function receive(): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: BATCH,
      MessageAttributeNames: ['All'],
      // Waited for, an answer comes from every server that holds messages of the queue: an empty one is the end.
      WaitTimeSeconds: 1,
      VisibilityTimeout: Math.ceil(hold / 1000),
    });
    return (await answered(name, client.send(command))).Messages ?? [];
  }

  return {
    async take(most, bytes) {
      const taken: HeldMessage[] = [];
      let size = 0;
      while (!ended && taken.length + BATCH <= most && size < bytes) {
        const messages = await receive();
        const fresh = messages.map(heldOf).filter(({ messageId }) => !handles.has(messageId));
        for (const { MessageId = '', ReceiptHandle = '' } of messages) handles.set(MessageId, ReceiptHandle);
        taken.push(...fresh);
        size += fresh.reduce((sum, { body }) => sum + body.length, 0);
        known = fresh.length === 0 ? known + messages.length : 0;
        ended = messages.length === 0 || known > handles.size;
      }
      return taken;
    },
    async remove(messages) {
      const left = await inLanes(tens(messages), LANES, async (batch) => {
        const Entries = batch.map(({ messageId, receiptHandle }, n) => ({
          Id: String(n),
          ReceiptHandle: handles.get(messageId) ?? receiptHandle,
        }));
        const { Successful = [] } = await answered(name, client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })));
        const gone = new Set(Successful.map(({ Id }) => Number(Id)));
        for (const n of gone) removed.add(batch[n]?.messageId ?? '');
        return batch.filter((_, n) => !gone.has(n));
      });
      return left.flat();
    },
    async release() {
      const held = [...handles].filter(([messageId]) => !removed.has(messageId));
      // What is not given back is seen again when its hold is over.
      await inLanes(tens(held), LANES, async (batch) => {
        const Entries = batch.map(([, ReceiptHandle], n) => ({ Id: String(n), ReceiptHandle, VisibilityTimeout: 0 }));
        await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries })).catch(() => undefined);
      });
    },
  };
}

function tens<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, n) => items.slice(n * BATCH, (n + 1) * BATCH));
}

function heldOf({ MessageId = '', ReceiptHandle = '', Body = '', MessageAttributes = {} }: Message): HeldMessage {
  const attributes = Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]));
  return { messageId: MessageId, receiptHandle: ReceiptHandle, body: Body, attributes };
}

/** What a queue or a bucket answers. @throws {DeadLettersUnavailable} naming it, when it does not. */
export async function answered<T>(who: string, reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new DeadLettersUnavailable(`${who} did not answer: ${why}`, { cause: error });
  }
}
