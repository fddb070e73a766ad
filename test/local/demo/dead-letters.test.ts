import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSqs } from '../../../local/aws/sqs/server.ts';
import { readDeadLetters } from '../../../local/demo/dead-letters.ts';
import type { Endpoint } from '../../../local/loopback.ts';

let server: Endpoint;
let sqs: SQSClient;
beforeEach(async () => {
  server = await startSqs();
  sqs = new SQSClient({ endpoint: server.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
});
afterEach(async () => {
  sqs.destroy();
  await server.close();
});

describe('dead letters', () => {
  it('are read, each once, and stay in the queue for whoever comes next', async () => {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
    const positions = Array.from({ length: 23 }, (_, n) => String(n));
    const text = (StringValue: string) => ({ DataType: 'String', StringValue });
    for (const position of positions)
      await sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: 'x',
          MessageAttributes: { position: text(position), context: text('{"partitionKey":"7"}') },
        }),
      );

    const read = [await readDeadLetters(sqs, QueueUrl), await readDeadLetters(sqs, QueueUrl)];
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] }),
    );

    for (const letters of read) expect(letters.map(({ position }) => position).toSorted()).toEqual(positions.toSorted());
    expect(read[0]?.[0]?.partitionKey).toBe('7');
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: '23', ApproximateNumberOfMessagesNotVisible: '0' });
  });
});
