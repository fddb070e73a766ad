import { readFileSync } from 'node:fs';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../lib/doctor/finding.ts';
import { STREAM } from '../../local/demo/stack.ts';
import { startInvokeEndpoint } from '../../local/function-process/invoke-endpoint.ts';
import { ARN } from '../cli/fixture.ts';
import { type Ended, runCli } from '../cli/run.ts';
import { kinesisEvent } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { sqsEvent } from '../support/sqs-event.ts';
import { deployLocally, type LocalDeployment } from './deploy-locally.ts';
import { shownMetrics, writtenMetrics } from './metrics.ts';
import { aLoader, anIggyLoader, settingsWith } from './settings-builder.ts';

let stack: LocalStack;
beforeAll(async () => {
  stack = await startLocalStack();
});
afterAll(() => stack?.close());

const builtFile = (name: string): Buffer => readFileSync(new URL(`../../dist/functions/${name}/index.mjs`, import.meta.url));

describe('the Kinesis loader of a template', () => {
  let deployed: LocalDeployment;
  beforeAll(async () => {
    deployed = await deployLocally(stack, settingsWith(aLoader({ source: { streamArn: ARN }, doris: { database: 'demo', table: 't' } })));
    await stack.select('CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1');
  });
  afterAll(() => deployed?.close());

  it('is the file of the build, byte for byte', () => {
    expect(readFileSync(deployed.loader.asset).equals(builtFile('kinesis-loader'))).toBe(true);
  });

  it('carries a batch into Doris with its environment, its ledger and its secret', async () => {
    const { loader, template } = deployed;
    // More than a message of SQS holds, and no JSON: a dead letter whose payload goes to the bucket.
    const large = 'x'.repeat(1_100_000);
    const event = kinesisEvent([{ data: '{"id":1}' }, { data: 'no json' }, { data: large }, { data: '{"id":2}' }]);

    expect(await loader.host.invoke(JSON.stringify(event))).toEqual({ kind: 'returned', payload: '{"batchItemFailures":[]}' });

    expect(await stack.select('SELECT id FROM t ORDER BY id')).toEqual([['1'], ['2']]);
    expect(await stack.letters()).toMatchObject([{ errorClass: 'decode' }, { errorClass: 'decode' }]);
    const written = writtenMetrics(loader.lines).filter(({ name }) => ['RowsLoaded', 'Loads', 'Behind', 'RowsDeadLettered'].includes(name));
    expect(written).toHaveLength(4);
    for (const metric of written) expect.soft(shownMetrics(template)).toContainEqual(metric);
  });

  it('has a doctor that finds no fault, asking of AWS only what its role permits', async () => {
    const { code, stdout, stderr } = await doctorInside(deployed);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { findings }: { findings: readonly Finding[] } = JSON.parse(stdout);
    expect(findings.filter(({ verdict }) => verdict === 'fault')).toEqual([]);
    const good = findings.filter(({ verdict }) => verdict === 'ok').map(({ check }) => check);
    expect(good).toEqual(expect.arrayContaining(['settings', 'timeouts', 'fe-auth', 'load', 'schema', 'dynamodb', 'sqs', 's3']));
    // The stack says which stream is the loader's; the demo's keeps records for a day only.
    expect(findings).toContainEqual(expect.objectContaining({ check: 'stream', subject: ARN, verdict: 'warning' }));
    expect(deployed.doctor.notPermitted()).toEqual([]);
  });

  it('has a redrive that loads letters and batches that Lambda gave up, asking of AWS only what its role permits', async () => {
    await deployed.loader.host.invoke(JSON.stringify(kinesisEvent([{ data: '{"id":"seven"}', sequenceNumber: '200' }])));
    await stack.select('DROP TABLE t');
    await stack.select('CREATE TABLE t (id VARCHAR(10)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1');
    // One batch of which the stream still has the record, one of which the bucket has it.
    await stack.sqs.send(new SendMessageCommand({ QueueUrl: stack.deadLetterQueueUrl, MessageBody: await givenUp('{"id":8}') }));
    const from = await reportToBucket('{"id":9}');

    expect(await redriven({})).toMatchObject({ read: 2, loaded: 2, removed: 2 });
    expect(await redriven({ from })).toMatchObject({ read: 1, loaded: 1, removed: 1 });

    expect(await stack.select('SELECT id FROM t ORDER BY id')).toEqual([['8'], ['9'], ['seven']]);
    expect(deployed.redrive.calls()).toEqual(
      expect.arrayContaining(['dynamodb:PutItem', 'kinesis:GetRecords', 's3:DeleteObject', 's3:ListBucket', 'sqs:DeleteMessage']),
    );
    expect(deployed.redrive.notPermitted()).toEqual([]);
    const told = deployed.redrive.lines.filter((line) => line.includes('"message":"redrive"')).map((line) => JSON.parse(line));
    expect(told).toMatchObject([
      { read: 2, loaded: 2, left: 0, more: false },
      { read: 1, loaded: 1 },
    ]);
  });

  async function redriven(options: object): Promise<unknown> {
    const result = await deployed.redrive.host.invoke(JSON.stringify(options));
    expect(result.kind).toBe('returned');
    return result.kind === 'returned' ? JSON.parse(result.payload) : undefined;
  }

  it('asks of AWS only what its role permits, while a table is missing too', async () => {
    await stack.select('DROP TABLE t');
    const event = JSON.stringify(kinesisEvent([{ data: '{"id":3}', sequenceNumber: '300' }]));
    for (let delivery = 0; delivery < 4; delivery++) await deployed.loader.host.invoke(event);

    expect(deployed.loader.calls()).toEqual([
      'dynamodb:GetItem',
      'dynamodb:UpdateItem',
      's3:PutObject',
      'secretsmanager:GetSecretValue',
      'sqs:SendMessage',
    ]);
    expect(deployed.loader.notPermitted()).toEqual([]);
  });
});

describe('the Iggy loader of a template', () => {
  let deployed: LocalDeployment;
  beforeAll(async () => {
    const loader = anIggyLoader();
    deployed = await deployLocally(stack, {
      ...settingsWith({ ...loader, doris: { ...loader.doris, database: 'demo', table: 'quakes' } }),
      stack: 'Iggy',
    });
    await stack.select('CREATE TABLE quakes (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1');
  });
  afterAll(() => deployed?.close());

  const envelope = (offset: number) => ({
    metadata: {
      iggy_id: offset.toString(16).padStart(32, '0'),
      iggy_offset: offset,
      iggy_timestamp: 1_710_064_800_000_000 + offset,
      iggy_stream: 'geo',
      iggy_topic: 'quakes',
      iggy_partition_id: 0,
    },
    payload: { id: offset },
  });
  const eventOf = (...bodies: readonly unknown[]): string =>
    JSON.stringify(sqsEvent(bodies.map((body) => ({ body: JSON.stringify(body) }))));

  it('is the file of the build, byte for byte', () => {
    expect(readFileSync(deployed.loader.asset).equals(builtFile('iggy-loader'))).toBe(true);
  });

  it('carries a message into Doris once, however often it comes', async () => {
    const event = eventOf([envelope(1), envelope(2)]);
    for (let delivery = 0; delivery < 2; delivery++)
      expect(await deployed.loader.host.invoke(event)).toEqual({ kind: 'returned', payload: '{"batchItemFailures":[]}' });

    expect(await stack.select('SELECT id FROM quakes ORDER BY id')).toEqual([['1'], ['2']]);
    const written = writtenMetrics(deployed.loader.lines).filter(({ name }) => ['RowsLoaded', 'Behind'].includes(name));
    expect(new Set(written.map(({ name }) => name))).toEqual(new Set(['RowsLoaded', 'Behind']));
    for (const metric of written) expect.soft(shownMetrics(deployed.template)).toContainEqual(metric);
  });

  it('asks of AWS only what its role permits, while a table is missing too', async () => {
    await stack.select('DROP TABLE quakes');
    for (let delivery = 0; delivery < 4; delivery++) await deployed.loader.host.invoke(eventOf([envelope(3)], 'no envelope'));

    expect(deployed.loader.calls()).toEqual(
      expect.arrayContaining(['dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem', 'sqs:GetQueueUrl', 'sqs:SendMessage']),
    );
    expect(deployed.loader.notPermitted()).toEqual([]);
  });
});

/** `doctor --inside` as a process of its own, whose Lambda is on this machine. */
async function doctorInside({ doctor }: LocalDeployment): Promise<Ended> {
  const lambda = await startInvokeEndpoint({ 'Loaders-Doctor': doctor.host });
  const env = { ...stack.aws.env, AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint };
  try {
    return await runCli(['doctor', '--inside', 'Loaders-Doctor', '--json'], env);
  } finally {
    await lambda.close();
  }
}

/** What Lambda writes of a batch of one record that it gave up. The stream has the record. */
async function givenUp(data: string): Promise<string> {
  const put = new PutRecordCommand({ StreamName: STREAM, PartitionKey: 'k', Data: Buffer.from(data) });
  const { SequenceNumber = '', ShardId = '' } = await stack.kinesis.send(put);
  return JSON.stringify({
    requestContext: { condition: 'RecordAgeExpired' },
    KinesisBatchInfo: {
      shardId: ShardId,
      startSequenceNumber: SequenceNumber,
      endSequenceNumber: SequenceNumber,
      batchSize: 1,
      streamArn: ARN,
    },
  });
}

/** Puts what Lambda writes into a bucket, the event with it. @returns where */
async function reportToBucket(data: string): Promise<string> {
  const report = JSON.parse(await givenUp(data));
  const { shardId: shard, startSequenceNumber: sequenceNumber } = report.KinesisBatchInfo;
  const payload = JSON.stringify(kinesisEvent([{ data, sequenceNumber, streamArn: ARN, shard }]));
  const bucket = stack.env['DEAD_LETTER_BUCKET'] ?? '';
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const s3 = new S3Client({ endpoint: stack.aws.sqs.endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  const Key = `aws/lambda/mapping/${shard}/2026/11/21/report`;
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: JSON.stringify({ ...report, payload }) }));
  s3.destroy();
  return `s3://${bucket}/aws/lambda/mapping/`;
}
