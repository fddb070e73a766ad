import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinesisEvent } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { sqsEvent } from '../support/sqs-event.ts';
import { deployLocally, type LocalDeployment } from './deploy-locally.ts';
import { shownMetrics, writtenMetrics } from './metrics.ts';
import { permissions } from './permissions.ts';
import { aLoader, anIggyLoader, settingsWith } from './settings-builder.ts';

let stack: LocalStack;
beforeAll(async () => {
  stack = await startLocalStack();
});
afterAll(() => stack?.close());

const builtFile = (name: string): Buffer => readFileSync(new URL(`../../dist/functions/${name}/index.mjs`, import.meta.url));

/** Actions that the roles of a deployment permit, whatever the resource. */
function permitted({ template }: LocalDeployment): Set<string> {
  return new Set(permissions(template).map((line) => line.split(' on ')[0] ?? ''));
}

describe('the Kinesis loader of a template', () => {
  let deployed: LocalDeployment;
  beforeAll(async () => {
    deployed = await deployLocally(stack, settingsWith(aLoader({ doris: { database: 'demo', table: 't' } })));
    await stack.select('CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1');
  });
  afterAll(() => deployed?.close());

  it('is the file of the build, byte for byte', () => {
    expect(readFileSync(deployed.asset).equals(builtFile('kinesis-loader'))).toBe(true);
  });

  it('carries a batch into Doris with its environment, its ledger and its secret', async () => {
    const { functions, lines, template } = deployed;
    // More than a message of SQS holds, and no JSON: a dead letter whose payload goes to the bucket.
    const large = 'x'.repeat(1_100_000);
    const event = kinesisEvent([{ data: '{"id":1}' }, { data: 'no json' }, { data: large }, { data: '{"id":2}' }]);

    expect(await functions.invoke(JSON.stringify(event))).toEqual({ kind: 'returned', payload: '{"batchItemFailures":[]}' });

    expect(await stack.select('SELECT id FROM t ORDER BY id')).toEqual([['1'], ['2']]);
    expect(await stack.letters()).toMatchObject([{ errorClass: 'decode' }, { errorClass: 'decode' }]);
    const written = writtenMetrics(lines).filter(({ name }) => ['RowsLoaded', 'Loads', 'Behind', 'RowsDeadLettered'].includes(name));
    expect(written).toHaveLength(4);
    for (const metric of written) expect.soft(shownMetrics(template)).toContainEqual(metric);
  });

  it('asks of AWS only what its role permits, while a table is missing too', async () => {
    await stack.select('DROP TABLE t');
    const event = JSON.stringify(kinesisEvent([{ data: '{"id":3}', sequenceNumber: '200' }]));
    for (let delivery = 0; delivery < 4; delivery++) await deployed.functions.invoke(event);

    const calls = [...deployed.calls].sort();
    expect(calls).toEqual(['dynamodb:GetItem', 'dynamodb:UpdateItem', 's3:PutObject', 'secretsmanager:GetSecretValue', 'sqs:SendMessage']);
    expect(calls.filter((call) => !permitted(deployed).has(call))).toEqual([]);
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
    expect(readFileSync(deployed.asset).equals(builtFile('iggy-loader'))).toBe(true);
  });

  it('carries a message into Doris once, however often it comes', async () => {
    const event = eventOf([envelope(1), envelope(2)]);
    for (let delivery = 0; delivery < 2; delivery++)
      expect(await deployed.functions.invoke(event)).toEqual({ kind: 'returned', payload: '{"batchItemFailures":[]}' });

    expect(await stack.select('SELECT id FROM quakes ORDER BY id')).toEqual([['1'], ['2']]);
    const written = writtenMetrics(deployed.lines).filter(({ name }) => ['RowsLoaded', 'Behind'].includes(name));
    expect(new Set(written.map(({ name }) => name))).toEqual(new Set(['RowsLoaded', 'Behind']));
    for (const metric of written) expect.soft(shownMetrics(deployed.template)).toContainEqual(metric);
  });

  it('asks of AWS only what its role permits, while a table is missing too', async () => {
    await stack.select('DROP TABLE quakes');
    for (let delivery = 0; delivery < 4; delivery++) await deployed.functions.invoke(eventOf([envelope(3)], 'no envelope'));

    const calls = [...deployed.calls].sort();
    expect(calls).toEqual(
      expect.arrayContaining(['dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem', 'sqs:GetQueueUrl', 'sqs:SendMessage']),
    );
    expect(calls.filter((call) => !permitted(deployed).has(call))).toEqual([]);
  });
});
