import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type EmbeddedAws, startAws } from '../../../local/aws/start.ts';

describe('clients made without any options, under the variables of the embedded AWS', () => {
  let aws: EmbeddedAws;

  beforeAll(async () => {
    aws = await startAws();
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await aws.close();
  });

  it('carry a record through Kinesis, naming the stream by its ARN', async () => {
    const kinesis = new KinesisClient();
    await kinesis.send(new CreateStreamCommand({ StreamName: 'orders', ShardCount: 1 }));
    await waitUntilStreamExists({ client: kinesis, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.05 }, { StreamName: 'orders' });
    const summary = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: 'orders' }));
    const StreamARN = summary.StreamDescriptionSummary?.StreamARN;

    await kinesis.send(new PutRecordCommand({ StreamARN, PartitionKey: 'customer-7', Data: Buffer.from('a payload') }));
    const { Shards: [shard] = [] } = await kinesis.send(new ListShardsCommand({ StreamARN }));
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({ StreamARN, ShardId: shard?.ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    const { Records: [record] = [] } = await kinesis.send(new GetRecordsCommand({ StreamARN, ShardIterator }));

    expect(StreamARN).toBe('arn:aws:kinesis:us-east-1:000000000000:stream/orders');
    expect(record?.PartitionKey).toBe('customer-7');
    expect(Buffer.from(record?.Data ?? []).toString()).toBe('a payload');
    kinesis.destroy();
  });

  it('carry a message through SQS under the queue URL that it returned', async () => {
    const sqs = new SQSClient();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'dead-letters' }));

    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a letter' }));
    const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));

    expect(QueueUrl).toBe(`${aws.sqs.endpoint}/000000000000/dead-letters`);
    expect(message?.Body).toBe('a letter');
    sqs.destroy();
  });

  it('store an object in S3', async () => {
    const s3 = new S3Client();
    await s3.send(new CreateBucketCommand({ Bucket: 'overflow' }));

    await s3.send(new PutObjectCommand({ Bucket: 'overflow', Key: 'letters/1', Body: Buffer.from([0, 1, 254, 255]) }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'overflow', Key: 'letters/1' }));

    expect(await Body?.transformToByteArray()).toEqual(Uint8Array.of(0, 1, 254, 255));
    s3.destroy();
  });

  it('keep an item in DynamoDB', async () => {
    const dynamoDb = new DynamoDBClient();
    await dynamoDb.send(
      new CreateTableCommand({
        TableName: 'ledger',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      }),
    );
    await waitUntilTableExists({ client: dynamoDb, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.05 }, { TableName: 'ledger' });

    await dynamoDb.send(new PutItemCommand({ TableName: 'ledger', Item: { pk: { S: 'shard-1' }, through: { S: '42' } } }));
    const { Item } = await dynamoDb.send(new GetItemCommand({ TableName: 'ledger', Key: { pk: { S: 'shard-1' } } }));

    expect(Item).toEqual({ pk: { S: 'shard-1' }, through: { S: '42' } });
    dynamoDb.destroy();
  });
});
