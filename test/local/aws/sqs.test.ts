import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSqs } from '../../../local/aws/sqs/server.ts';
import type { Endpoint } from '../../../local/loopback.ts';

let server: Endpoint;
let sqs: SQSClient;
let QueueUrl: string;

beforeAll(async () => {
  server = await startSqs();
  sqs = new SQSClient({ region: 'us-east-1', endpoint: server.endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  ({ QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'letters' })));
});
afterAll(async () => {
  sqs.destroy();
  await server.close();
});

function text(StringValue: string): MessageAttributeValue {
  return { DataType: 'String', StringValue };
}

function attributes(count: number) {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, text('x')]));
}

function send(MessageBody: string, MessageAttributes: Record<string, MessageAttributeValue> = {}) {
  return sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
}

describe('a queue', () => {
  it('takes every character that SQS allows, emoji included, and gives it back', async () => {
    const body = 'Grüße 🦙 \t\n\r  � 𝄞 \u{10FFFF}';
    await send(body);

    const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));

    expect(message?.Body).toBe(body);
  });

  it.each(['\u0000', '\u0008', '\u001f', '\ufffe', '\uffff'])('refuses the character %j', async (character) => {
    await expect(send(`a${character}b`)).rejects.toMatchObject({ name: 'InvalidMessageContents' });
  });

  it('is found under any name of this machine', async () => {
    const url = new URL(QueueUrl);
    url.hostname = 'localhost';

    await expect(sqs.send(new SendMessageCommand({ QueueUrl: url.href, MessageBody: 'hello' }))).resolves.toMatchObject({
      MessageId: expect.any(String),
    });
  });

  it('that does not exist is told of as AWS does', async () => {
    const missing = `${server.endpoint}/000000000000/none`;

    await expect(sqs.send(new SendMessageCommand({ QueueUrl: missing, MessageBody: 'x' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    });
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'none' }))).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });
});

describe('the attributes of a message', () => {
  it('are ten at most', async () => {
    await expect(send('x', attributes(10))).resolves.toMatchObject({ MessageId: expect.any(String) });
    await expect(send('x', attributes(11))).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('are ten at most in a batch too', async () => {
    const entry = (Id: string, count: number) => ({ Id, MessageBody: 'x', MessageAttributes: attributes(count) });

    const both = sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [entry('good', 10), entry('bad', 11)] }));

    await expect(both).resolves.toMatchObject({
      Successful: [{ Id: 'good' }],
      Failed: [{ Id: 'bad', Code: 'InvalidParameterValue', SenderFault: true }],
    });
  });

  it('are judged by entry when every entry of a batch is bad', async () => {
    const Entries = [{ Id: 'bad', MessageBody: 'x', MessageAttributes: { reason: text('') } }];

    await expect(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).resolves.toMatchObject({
      Successful: [],
      Failed: [{ Id: 'bad', Code: 'InvalidParameterValue' }],
    });
  });

  it.each([
    ['an empty text', text('')],
    ['no text', { DataType: 'String' }],
    ['an empty type', { DataType: '', StringValue: 'x' }],
    ['an unknown type', { DataType: 'Text', StringValue: 'x' }],
    ['no bytes', { DataType: 'Binary', BinaryValue: Buffer.of() }],
    ['a number that is none', { DataType: 'Number', StringValue: 'x' }],
  ])('cannot have %s', async (_, attribute) => {
    await expect(send('x', { reason: attribute })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it.each(['.a', 'a.', 'a..b', 'a b', 'AWS.a', 'Amazon.a', 'a'.repeat(257)])('cannot be called %s', async (name) => {
    await expect(send('x', { [name]: text('x') })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });
});

describe('the size of a message', () => {
  const mebibyte = 1024 * 1024;

  it('may be 1 MiB and no more', async () => {
    await expect(send('x'.repeat(mebibyte))).resolves.toMatchObject({ MessageId: expect.any(String) });
    await expect(send('x'.repeat(mebibyte + 1))).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('counts the name, type and value of each attribute', async () => {
    // reason + String + 'no' = 14 bytes
    await expect(send('x'.repeat(mebibyte - 14), { reason: text('no') })).resolves.toMatchObject({ MessageId: expect.any(String) });
    await expect(send('x'.repeat(mebibyte - 13), { reason: text('no') })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('is counted over a whole batch', async () => {
    const entry = (Id: string) => ({ Id, MessageBody: 'x'.repeat(mebibyte / 2) });
    const batch = (...ids: readonly string[]) => sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: ids.map(entry) }));

    await expect(batch('a', 'b')).resolves.toMatchObject({ Successful: [{ Id: 'a' }, { Id: 'b' }] });
    await expect(batch('a', 'b', 'c')).rejects.toMatchObject({ name: 'BatchRequestTooLong' });
  });
});
