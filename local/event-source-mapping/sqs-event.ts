import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { largestRequest } from '../function-process/invoke-result.ts';
import { envelopeBytes, separatorBytes } from './kinesis-event.ts';

/** A message as a poller received it, with its share of the event already spelled. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  /** How often it has been received, this time included. */
  readonly receives: number;
  /** The element of `Records` for it, as JSON text. */
  readonly json: string;
  /** Length of the text in bytes. */
  readonly bytes: number;
}

/** Where the messages come from, as every element of the event repeats it. */
export interface QueueOrigin {
  readonly queueArn: string;
  readonly region: string;
}

/** Spells a message as an element of Lambda's SQS event (Lambda guide, with-sqs): names of attributes are in lower camel case there. */
export function spellMessage(message: Message, { queueArn, region }: QueueOrigin): ReceivedMessage {
  const { MessageId = '', ReceiptHandle = '', Body, Attributes = {}, MessageAttributes = {}, MD5OfBody } = message;
  const json = JSON.stringify({
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
    messageAttributes: Object.fromEntries(Object.entries(MessageAttributes).map(([name, value]) => [name, spellAttribute(value)])),
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  });
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    receives: Number(Attributes['ApproximateReceiveCount']),
    json,
    bytes: Buffer.byteLength(json),
  };
}

function spellAttribute({ StringValue, BinaryValue, DataType }: MessageAttributeValue): object {
  return {
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType,
  };
}

/** Whether one more message fits beside the others into the 6 MB that Lambda takes. A message that is larger by itself goes alone. */
export function fitsBeside(messages: readonly ReceivedMessage[], next: ReceivedMessage): boolean {
  const bytes = messages.reduce((sum, message) => sum + message.bytes + separatorBytes, envelopeBytes);
  return messages.length === 0 || bytes + next.bytes <= largestRequest;
}

/** The event that carries the messages, as JSON text. */
export function sqsEventOf(messages: readonly ReceivedMessage[]): string {
  return `{"Records":[${messages.map(({ json }) => json).join(',')}]}`;
}
