import { ChangeMessageVisibilityBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** A dead letter as an operator reads it. */
export interface ReadLetter {
  readonly errorClass: string;
  readonly reason: string;
  readonly stream: string;
  readonly shard: string;
  readonly position: string;
  readonly target: string;
  readonly partitionKey: string;
}

/** Longer than reading them all takes: none comes twice. */
const HIDDEN_SECONDS = 600;

/** Reads every message and leaves it in the queue. The same record may have more than one letter. */
export async function readDeadLetters(sqs: SQSClient, QueueUrl: string): Promise<ReadLetter[]> {
  const read: Message[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        WaitTimeSeconds: 0,
        VisibilityTimeout: HIDDEN_SECONDS,
      }),
    );
    if (Messages.length === 0) break;
    read.push(...Messages);
  }
  for (let at = 0; at < read.length; at += 10) {
    const Entries = read.slice(at, at + 10).map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle, VisibilityTimeout: 0 }));
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  }
  return read.map(letterOf);
}

function letterOf({ MessageAttributes = {} }: Message): ReadLetter {
  const text = (name: string): string => MessageAttributes[name]?.StringValue ?? '';
  const context = JSON.parse(text('context')) as { readonly partitionKey?: string };
  return {
    errorClass: text('errorClass'),
    reason: text('reason'),
    stream: text('stream'),
    shard: text('shard'),
    position: text('position'),
    target: text('target'),
    partitionKey: context.partitionKey ?? '',
  };
}

/** One letter a record: duplicates of a letter, which a crash may leave, are dropped. */
export function onePerRecord(letters: readonly ReadLetter[]): ReadLetter[] {
  return [...new Map(letters.map((letter) => [`${letter.stream} ${letter.shard} ${letter.position}`, letter])).values()];
}
