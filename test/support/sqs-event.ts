/** What a test wants to say about one record of Lambda's SQS event. */
export interface EventMessage {
  readonly messageId?: string;
  readonly body: string;
  readonly receives?: number;
  readonly group?: string;
  readonly queueArn?: string;
  readonly contentEncoding?: string;
  readonly sentAt?: number;
}

const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:iggy';

/** Lambda's SQS event, shaped as AWS documents it. Message ids count from m-0 where none is given. */
export function sqsEvent(messages: readonly EventMessage[]) {
  return { Records: messages.map((message, index) => eventMessage({ messageId: `m-${index}`, ...message })) };
}

function eventMessage({ messageId = 'm-0', body, receives = 1, group, queueArn = QUEUE_ARN, contentEncoding, sentAt }: EventMessage) {
  const encoding = { stringValue: contentEncoding, stringListValues: [], binaryListValues: [], dataType: 'String' };
  return {
    messageId,
    receiptHandle: `handle of ${messageId}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAt ?? 1_710_064_801_000),
      SenderId: '000000000000',
      ApproximateFirstReceiveTimestamp: '1710064802000',
      ...(group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: messageId, SequenceNumber: '18850000000000000000' }),
    },
    messageAttributes: contentEncoding === undefined ? {} : { content_encoding: encoding },
    md5OfBody: '00000000000000000000000000000000',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: 'us-east-1',
  };
}
