import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../lib/dead-letter/letter.ts';
import { inlineBody, type LetterBody, messageOf, omittedBody } from '../../lib/dead-letter/message.ts';
import { iggyPosition, kinesisPosition } from '../../lib/source/position.ts';
import { bytesOf } from '../../lib/source/slice.ts';
import { STREAM } from '../../local/demo/stack.ts';
import { aLetter } from '../lib/dead-letter/letters.ts';
import { aRecord, kinesisEvent } from '../support/builders.ts';
import { startDroppingProxy } from '../support/dropping-proxy.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { ARN, backendOf, CREATE_T, SHARD } from './fixture.ts';
import { runCli, startCli } from './run.ts';

let stack: LocalStack;
let s3: S3Client;
let bucket: string;

beforeAll(async () => {
  stack = await startLocalStack();
  bucket = stack.env['DEAD_LETTER_BUCKET'] ?? '';
  s3 = new S3Client({
    endpoint: stack.env['AWS_ENDPOINT_URL_S3'] ?? '',
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
});
afterAll(async () => {
  s3.destroy();
  await stack.close();
});
beforeEach(async () => {
  await stack.letters();
  await stack.select('DROP TABLE IF EXISTS t');
  await stack.select(CREATE_T);
});

let next = 5_000;
const freshPosition = () => kinesisPosition(String(next++));

async function send(more: Partial<DeadLetter>, body?: LetterBody): Promise<void> {
  const letter = { ...aLetter(), target: 'demo.t', ...more };
  const message = messageOf(letter, body ?? inlineBody(bytesOf(letter.record.payload)));
  await stack.sqs.send(new SendMessageCommand({ QueueUrl: stack.deadLetterQueueUrl, ...message }));
}

const sendRow = (id: number) => send({ record: aRecord(`{"id":${id}}`, { position: freshPosition() }) });

const env = () => ({ ...stack.env, DORIS_TABLE: 't' });
async function redrive(...args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(['dead-letters', 'redrive', '--yes', '--json', ...args], env());
  return { code, stderr, report: stdout === '' ? undefined : JSON.parse(stdout) };
}
const ids = async () => (await stack.select('SELECT id FROM t ORDER BY id')).map(([id]) => Number(id));

describe('a payload that is not in its letter', () => {
  it('is fetched from the bucket of the loader', async () => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'letters/1', Body: '{"id":1}' }));
    const record = aRecord('{"id":1}', { position: freshPosition() });
    await send({ record }, { encoding: 's3', text: `s3://${bucket}/letters/1` });

    expect(await redrive()).toMatchObject({ code: 0, report: { loaded: 1, left: [] } });

    expect(await ids()).toEqual([1]);
  });

  it('is fetched from no other bucket', async () => {
    await send({ record: aRecord('{"id":1}', { position: freshPosition() }) }, { encoding: 's3', text: 's3://somebody-elses/1' });

    const { code, report } = await redrive();

    expect({ code, left: report.left }).toMatchObject({
      code: 1,
      left: [{ fate: 'kept', reason: expect.stringContaining('not DEAD_LETTER_BUCKET') }],
    });
  });

  it('is read from the stream when it was omitted', async () => {
    const record = { StreamName: STREAM, PartitionKey: 'k', Data: Buffer.from('{"id":2}') };
    const { SequenceNumber = '', ShardId: shard = '' } = await stack.kinesis.send(new PutRecordCommand(record));
    await send(
      {
        source: { kind: 'kinesis', stream: ARN, streamName: STREAM, shard },
        record: aRecord('{"id":2}', { position: kinesisPosition(SequenceNumber) }),
      },
      omittedBody(record.Data),
    );

    expect(await redrive()).toMatchObject({ code: 0, report: { loaded: 1, left: [] } });

    expect(await ids()).toEqual([2]);
  });
});

describe('letters of Iggy', () => {
  it('are loaded once each, and told apart where a purged topic used the same offset again', async () => {
    const source = { kind: 'iggy', stream: 'shop/orders', streamName: 'shop', topicName: 'orders', shard: '3' } as const;
    const message = (id: number, timestamp: string) =>
      aRecord(`{"id":${id}}`, { position: iggyPosition('7'), iggy: { id: String(id).padStart(32, '0'), timestamp } });
    const before = message(1, '1710064800000000');
    const after = message(2, '1710064900000000');
    for (const record of [before, after, before]) await send({ source, record });

    expect(await redrive()).toMatchObject({ code: 0, report: { read: 3, loaded: 3, left: [] } });

    expect(await ids()).toEqual([1, 2]);
  });

  it('fill the columns of the metadata that letters keep, and leave the others null', async () => {
    await stack.select('DROP TABLE IF EXISTS m');
    await stack.select(
      'CREATE TABLE m (id BIGINT NOT NULL, at_offset LARGEINT NULL, message VARCHAR(32) NULL, at_time BIGINT NULL, headers STRING NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
    );
    const source = { kind: 'iggy', stream: 'shop/orders', streamName: 'shop', topicName: 'orders', shard: '3' } as const;
    const iggy = { id: 'ab'.repeat(16), timestamp: '1710064800000000' };
    await send({ source, target: 'demo.m', record: aRecord('{"id":1}', { position: iggyPosition('9'), iggy }) });

    const columns = { IGGY_METADATA_COLUMNS: 'offset=at_offset,id=message,timestamp=at_time,headers=headers' };
    expect((await runCli(['dead-letters', 'redrive', '--yes'], { ...env(), ...columns })).code).toBe(0);

    expect(await stack.select('SELECT id, at_offset, message, at_time, headers FROM m')).toEqual([
      ['1', '9', iggy.id, iggy.timestamp, null],
    ]);
  });
});

describe('batches that Lambda gave up', () => {
  it('are read from the bucket where it puts them: rows are loaded, poison becomes letters, the object goes', async () => {
    const numbered = ['{"id":1}', 'no JSON', '{"id":2}'].map((data) => ({
      data,
      sequenceNumber: String(next++),
      streamArn: ARN,
      shard: SHARD,
    }));
    const told = {
      requestContext: { condition: 'RetryAttemptsExhausted' },
      KinesisBatchInfo: {
        shardId: SHARD,
        startSequenceNumber: numbered[0]?.sequenceNumber,
        endSequenceNumber: numbered[2]?.sequenceNumber,
        batchSize: 3,
        streamArn: ARN,
      },
      payload: JSON.stringify(kinesisEvent(numbered)),
    };
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'aws/lambda/m/2026/batch-1', Body: JSON.stringify(told) }));

    expect(await redrive('--from', `s3://${bucket}/aws/lambda/`)).toMatchObject({ code: 0, report: { read: 1, loaded: 1, left: [] } });

    expect(await ids()).toEqual([1, 2]);
    expect((await stack.letters()).map(({ position, errorClass }) => [position, errorClass])).toEqual([
      [numbered[1]?.sequenceNumber, 'decode'],
    ]);
    expect((await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'aws/lambda/' }))).KeyCount).toBe(0);
  });

  it('are looked for at no place that is none', async () => {
    expect(await redrive('--from', 'somewhere')).toMatchObject({ code: 2, stderr: expect.stringContaining('s3://bucket/prefix') });
  });
});

describe('how much and how fast', () => {
  it('ends at the limit, and says that there may be more', async () => {
    for (let id = 0; id < 12; id++) await sendRow(id);

    expect(await redrive('--limit', '10')).toMatchObject({ code: 0, report: { read: 10, loaded: 10, more: true } });
    expect(await redrive()).toMatchObject({ code: 0, report: { loaded: 2, more: false } });

    expect(await ids()).toEqual(Array.from({ length: 12 }, (_, id) => id));
  });

  it('stops by Ctrl-C after what is in hand, gives the rest back, and a second run loads only that', async () => {
    for (let id = 0; id < 40; id++) await sendRow(id);
    const { child, ended } = startCli(['dead-letters', 'redrive', '--yes', '--json', '--rate', '10'], env());
    await expect.poll(ids, { timeout: 15_000, interval: 20 }).not.toEqual([]);
    child.kill('SIGINT');

    const { code, stdout, stderr } = await ended;

    expect(code).toBe(130);
    expect(stderr).toContain('stopping after what is in hand');
    const { loaded, more } = JSON.parse(stdout);
    expect(more).toBe(true);
    expect(await redrive()).toMatchObject({ code: 0, report: { read: 40 - loaded, loaded: 40 - loaded } });
    expect(await ids()).toEqual(Array.from({ length: 40 }, (_, id) => id));
  });
});

describe('a load of which Doris counts other rows than were sent', () => {
  /** Two letters whose load Doris took, and reported otherwise. @returns its label */
  async function contradicted(): Promise<string> {
    await sendRow(1);
    await sendRow(2);
    stack.doris.faults.add({ at: 'be.reply', times: 1, action: { kind: 'alter', fields: { NumberLoadedRows: 1 } } });
    const { code, stderr } = await redrive();
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('1 of 2 rows are counted as loaded') });
    return /for label (\S+)/.exec(stderr)?.[1] ?? '';
  }

  const resolve = (...args: readonly string[]) => runCli(['resolve-label', ...args, '--yes', '--json'], env());

  it('keeps its letters until a person has said that it is stored, and says where', async () => {
    const label = await contradicted();

    const { code, report } = await redrive();

    const reason = expect.stringMatching(
      /^contradicted: look which of its rows the table has: Doris reports success for label \S+ into demo\.t/,
    );
    expect({ code, left: report.left }).toMatchObject({
      code: 1,
      left: [
        { fate: 'kept', reason },
        { fate: 'kept', reason },
      ],
    });
    const letter = await runCli(['explain-letter', report.left[0].position], env());
    expect(letter.stdout).toContain(`contradicted: look which rows of load ${label} the table has ("explain-label ${label}"`);
    const { stdout } = await runCli(['explain-label', label], env());
    expect(stdout).toContain('1 of 2 rows are counted as loaded');
    expect(stdout).toContain(`resolve-label ${label} --stored`);
    const told = await resolve(label, '--stored');
    expect(told).toMatchObject({ code: 0, stderr: expect.stringContaining('the next redrive takes its letters off the queue') });
    expect(JSON.parse(told.stdout).resolved).toMatchObject([{ kind: 'redrive', target: 'demo.t', rows: 2, now: 'stored' }]);

    expect(await redrive()).toMatchObject({ code: 0, report: { loaded: 2, before: 2, removed: 2, left: [] } });
    expect(await ids()).toEqual([1, 2]);
    expect(await resolve(label, '--stored')).toMatchObject({ code: 3, stderr: expect.stringContaining('is stored: its fate is known') });
  });

  it('is loaded again by the word that it is not stored, once Doris takes its label for stored no more', async () => {
    const label = await contradicted();
    await stack.select('DELETE FROM t WHERE id < 3');

    const refused = await resolve(label, '--not-stored');
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('in database demo its label is VISIBLE') });
    await stack.select(`CLEAN LABEL \`${label}\` FROM demo`);
    expect((await resolve(label, '--not-stored')).code).toBe(0);

    expect(await redrive()).toMatchObject({ code: 0, report: { loaded: 2, before: 0, removed: 2, left: [] } });
    expect(await ids()).toEqual([1, 2]);
  });
});

describe('a dry run by way of a proxy that drops the header two_phase_commit', () => {
  it('stores no row, and ends with what is wrong', async () => {
    await sendRow(1);
    const backend = await backendOf(stack);
    const proxy = await startDroppingProxy(`http://${backend}`);
    try {
      const { code, stderr } = await runCli(['dead-letters', 'redrive', '--dry-run'], {
        ...env(),
        DORIS_BACKEND_ADDRESSES: `${backend}=${new URL(proxy.endpoint).host}`,
        DORIS_REDIRECT_HOSTS: '127.0.0.1',
      });

      expect(code).not.toBe(0);
      expect(stderr).toContain('visible at once, without two-phase commit');
      expect(await ids()).toEqual([]);
    } finally {
      await proxy.close();
    }
  });
});
