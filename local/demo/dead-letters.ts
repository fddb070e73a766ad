import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** A dead letter as an operator reads it. */
export interface ReadLetter {
  readonly errorClass: string;
  readonly reason: string;
  readonly shard: string;
  readonly position: string;
  readonly target: string;
  readonly partitionKey: string;
}

/** Takes every message off the queue. The same record may have more than one letter. */
export async function readDeadLetters(sqs: SQSClient, QueueUrl: string): Promise<ReadLetter[]> {
  const letters: ReadLetter[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'], WaitTimeSeconds: 0 }),
    );
    if (Messages.length === 0) return letters;
    letters.push(...Messages.map(letterOf));
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
      }),
    );
  }
}

function letterOf({ MessageAttributes = {} }: Message): ReadLetter {
  const text = (name: string): string => MessageAttributes[name]?.StringValue ?? '';
  const context = JSON.parse(text('context')) as { readonly partitionKey?: string };
  return {
    errorClass: text('errorClass'),
    reason: text('reason'),
    shard: text('shard'),
    position: text('position'),
    target: text('target'),
    partitionKey: context.partitionKey ?? '',
  };
}

/** One letter a record: duplicates of a letter, which a crash may leave, are dropped. */
export function onePerRecord(letters: readonly ReadLetter[]): ReadLetter[] {
  return [...new Map(letters.map((letter) => [`${letter.shard} ${letter.position}`, letter])).values()];
}
