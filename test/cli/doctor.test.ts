import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../lib/doctor/finding.ts';
import { STREAM } from '../../local/demo/stack.ts';
import { startDroppingProxy } from '../support/dropping-proxy.ts';
import { ARN, backendOf, type CliStack, startCliStack } from './fixture.ts';
import { startLambdaApi } from './lambda-api.ts';
import { runCli } from './run.ts';

let stack: CliStack;

beforeAll(async () => {
  stack = await startCliStack();
});
afterAll(() => stack.close());
beforeEach(() => stack.doris.faults.clear());

async function doctor(changes: Readonly<Record<string, string>> = {}, ...args: readonly string[]) {
  const { code, stdout } = await runCli(['doctor', '--json', ...args], { ...stack.env, DORIS_TABLE: 't', ...changes });
  const { findings }: { findings: readonly Finding[] } = JSON.parse(stdout);
  return { code, findings, faults: findings.filter(({ verdict }) => verdict === 'fault') };
}

/** A port where nobody listens: the system gives it to no server that asks for any. */
const CLOSED_PORT = 1;

describe('doctor on a loader that works', () => {
  it('finds no fault on any hop, and ends with 0', async () => {
    const { code, findings, faults } = await doctor({}, '--stream', STREAM);

    expect({ code, faults }).toEqual({ code: 0, faults: [] });
    const good = findings.filter(({ verdict }) => verdict === 'ok').map(({ check }) => check);
    expect(good).toEqual(
      expect.arrayContaining([
        'settings',
        'timeouts',
        'dns',
        'tcp',
        'fe-auth',
        'backend',
        'load',
        'schema',
        'label-state',
        'dynamodb',
        'sqs',
        's3',
      ]),
    );
  });

  it('stores nothing', async () => {
    await doctor();

    expect(await stack.select('SELECT COUNT(*) FROM t')).toEqual([['0']]);
  });

  it('is a table and a list of advice for people', async () => {
    const { stdout } = await runCli(['doctor', '--stream', STREAM], { ...stack.env, DORIS_TABLE: 't' });

    expect(stdout).toMatch(/^ok +fe-auth/m);
    expect(stdout).toMatch(/^stream flights-stream: raise the retention/m);
    expect(stdout).toContain('no fault: loads should work from here');
    expect(stdout).not.toContain(stack.env['DORIS_PASSWORD']);
  });
});

describe('doctor names the hop that fails', () => {
  const only = (check: Finding['check'], about: Partial<Record<keyof Finding, unknown>> = {}) => [
    expect.objectContaining({ check, verdict: 'fault', advice: expect.any(String), ...about }),
  ];

  it('settings, every one of them, before anything is asked', async () => {
    const { code, faults } = await doctor({ LABEL_PREFIX: 'not a prefix', DORIS_TABEL: 't' });

    expect(code).toBe(1);
    expect(faults).toEqual([
      expect.objectContaining({ check: 'settings', subject: 'LABEL_PREFIX' }),
      expect.objectContaining({ check: 'settings', subject: 'DORIS_TABEL' }),
    ]);
  });

  it('DNS', async () => {
    const { code, faults } = await doctor({ DORIS_FE_URLS: 'http://no-such-host.invalid:8030' });

    expect(code).toBe(1);
    expect(faults).toEqual(only('dns', { subject: 'no-such-host.invalid:8030' }));
  });

  it('TCP', async () => {
    const { faults } = await doctor({ DORIS_FE_URLS: `http://127.0.0.1:${CLOSED_PORT}` });

    expect(faults).toEqual(only('tcp', { what: 'ECONNREFUSED' }));
  });

  it('TLS, where the server speaks none', async () => {
    const { faults } = await doctor({ DORIS_FE_URLS: stack.doris.feUrl.replace('http:', 'https:') });

    expect(faults).toEqual(only('tls'));
  });

  it('one of two frontends, which the loader gets along without', async () => {
    const { code, findings } = await doctor({ DORIS_FE_URLS: `http://127.0.0.1:${CLOSED_PORT},${stack.doris.feUrl}` });

    expect(code).toBe(0);
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'tcp', verdict: 'warning', what: 'ECONNREFUSED; other frontends work' }),
    );
  });

  it('the password', async () => {
    const { faults } = await doctor({ DORIS_PASSWORD: 'wrong-on-purpose' });

    expect(faults).toEqual(only('fe-auth', { what: expect.stringContaining('Access denied for user') }));
    expect(JSON.stringify(faults)).not.toContain('wrong-on-purpose');
  });

  it('a port that is no frontend', async () => {
    const { faults } = await doctor({ DORIS_FE_URLS: stack.env['AWS_ENDPOINT_URL_SQS'] ?? '' });

    expect(faults).toEqual(only('fe-auth', { what: expect.stringContaining('does not answer as a Doris frontend') }));
  });

  it('a backend that may not receive the credentials', async () => {
    const { faults } = await doctor({ DORIS_REDIRECT_HOSTS: '10.9.9.9' });

    expect(faults[0]).toMatchObject({ check: 'redirect', what: expect.stringContaining('may not receive credentials') });
    expect(faults.every(({ check }) => check === 'redirect')).toBe(true);
  });

  it('a backend that cannot be reached', async () => {
    const backend = await backendOf(stack);

    const { faults } = await doctor({
      DORIS_BACKEND_ADDRESSES: `${backend}=127.0.0.1:${CLOSED_PORT}`,
      DORIS_REDIRECT_HOSTS: '127.0.0.1',
    });

    expect(faults[0]).toMatchObject({ check: 'backend', what: expect.stringContaining('it cannot be reached: ECONNREFUSED') });
  });

  it('a proxy that drops headers of a load', async () => {
    const backend = await backendOf(stack);
    const proxy = await startDroppingProxy(`http://${backend}`);
    try {
      const { faults } = await doctor({
        DORIS_BACKEND_ADDRESSES: `${backend}=${new URL(proxy.endpoint).host}`,
        DORIS_REDIRECT_HOSTS: '127.0.0.1',
      });

      expect(faults).toEqual(only('load', { subject: 'demo.t', what: expect.stringContaining('strict_mode does not arrive') }));
    } finally {
      await proxy.close();
    }
  });

  it('a proxy before the frontend that drops Expect', async () => {
    const proxy = await startDroppingProxy(stack.env['DORIS_FE_URLS'] ?? '');
    try {
      const { faults } = await doctor({ DORIS_FE_URLS: proxy.endpoint, DORIS_REDIRECT_HOSTS: '127.0.0.1' });

      expect(faults).toEqual(only('load', { subject: 'demo.t', what: expect.stringContaining('drops the header Expect') }));
    } finally {
      await proxy.close();
    }
  });

  it('the database', async () => {
    const { faults } = await doctor({ DORIS_DATABASE: 'nowhere' });

    expect(faults).toContainEqual(expect.objectContaining({ check: 'database', subject: 'nowhere.t' }));
  });

  it('the table', async () => {
    const { faults } = await doctor({ DORIS_TABLE: 'missing' });

    expect(faults).toEqual(only('table', { subject: 'demo.missing' }));
  });

  it('the ledger, the queue and the bucket', async () => {
    const { faults } = await doctor({
      LEDGER_TABLE: 'no-ledger',
      DEAD_LETTER_QUEUE_URL: `${stack.deadLetterQueueUrl}-not`,
      DEAD_LETTER_BUCKET: 'no-bucket',
    });

    expect(faults.map(({ check }) => check)).toEqual(['dynamodb', 'sqs', 's3']);
  });

  it('a function that ends before its loads', async () => {
    const { faults } = await doctor({}, '--function-timeout', '60');

    expect(faults).toEqual(only('timeouts', { what: expect.stringContaining('60 s leave a load of 120 s') }));
  });

  it('a column that a setting fills and the table lacks', async () => {
    const { faults } = await doctor({ DORIS_POSITION_COLUMNS: 'position=pos' });

    expect(faults).toEqual(only('schema', { what: 'has no column pos, which DORIS_POSITION_COLUMNS fills' }));
  });

  it('a column that a setting spells in another letter case than the table', async () => {
    const { faults } = await doctor({ DORIS_POSITION_COLUMNS: 'position=ID' });

    expect(faults).toEqual(only('schema', { what: 'has no column ID, which DORIS_POSITION_COLUMNS fills' }));
    expect(faults[0]?.advice).toContain('spell it id');
  });

  it('a sample whose fields differ from the columns in letter case', async () => {
    const sample = join(tmpdir(), `sample-case-${process.pid}.ndjson`);
    writeFileSync(sample, '{"Id":1}\n');

    const { faults, findings } = await doctor({}, '--sample', sample);

    expect(faults).toEqual(only('schema', { what: expect.stringContaining('column id (bigint) is NOT NULL without a default') }));
    expect(findings).toContainEqual(expect.objectContaining({ verdict: 'warning', what: expect.stringContaining('no column for Id') }));
  });

  it('rows that the table would refuse or lose a part of', async () => {
    const sample = join(tmpdir(), `sample-${process.pid}.ndjson`);
    writeFileSync(sample, '{"id":1,"extra":true}\n{"id":"seven"}\n');

    const { faults, findings } = await doctor({}, '--sample', sample);

    expect(faults).toEqual(only('schema', { what: 'column id (bigint) takes no text that is no whole number (line 2 of the sample)' }));
    expect(findings).toContainEqual(expect.objectContaining({ verdict: 'warning', what: expect.stringContaining('no column for extra') }));
  });
});

describe('doctor of a deployed loader', () => {
  const MAPPING = {
    EventSourceArn: ARN,
    State: 'Enabled',
    BatchSize: 10_000,
    MaximumBatchingWindowInSeconds: 5,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::expired' } },
  };

  it('looks at its timeout, its stream, and every mapping that feeds it', async () => {
    const mappings = [MAPPING, { ...MAPPING, EventSourceArn: `${ARN}-two`, ParallelizationFactor: 10 }];
    const lambda = await startLambdaApi({ name: 'loader', timeoutSeconds: 60, mappings });

    const { code, findings, faults } = await doctor(
      { AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint },
      '--function',
      'loader',
      '--stream',
      STREAM,
    );
    await lambda.close();

    expect(code).toBe(1);
    expect(faults).toEqual([
      expect.objectContaining({ check: 'timeouts', what: expect.stringContaining('60 s leave a load of 120 s') }),
      expect.objectContaining({ check: 'mapping', subject: `${ARN}-two`, what: expect.stringContaining('10 lanes') }),
    ]);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'mapping', verdict: 'ok', subject: ARN }));
  });

  describe('that a queue feeds', () => {
    const SEVEN_DAYS = String(7 * 86_400);

    async function fedBy(QueueName: string, Attributes: Readonly<Record<string, string>>) {
      const EventSourceArn = `arn:aws:sqs:us-east-1:000000000000:${QueueName}`;
      await stack.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
      const mappings = [{ ...MAPPING, EventSourceArn }];
      const lambda = await startLambdaApi({ name: 'loader', timeoutSeconds: 180, mappings });
      const { findings } = await doctor({ AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint }, '--function', 'loader');
      await lambda.close();
      return findings.filter(({ subject }) => subject === EventSourceArn).map(({ verdict, what }) => [verdict, what]);
    }

    it('finds a limit of receives that an outage reaches, a short retention, and messages that come again too soon', async () => {
      const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"5"}';
      await stack.sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));

      expect(await fedBy('short', { MessageRetentionPeriod: SEVEN_DAYS, VisibilityTimeout: '200', RedrivePolicy })).toEqual([
        ['ok', 'enabled; batches of up to 10000 within 5 s'],
        ['fault', 'hands messages on after 5 receives: an outage of Doris makes dead letters of good ones'],
        ['warning', 'forgets messages after 168 h: an outage of Doris that lasts longer loses them'],
        ['warning', 'hides messages for 200 s, less than 6 times the timeout of the function (180 s): throttled ones come again too soon'],
      ]);
    });

    it('is content with a queue as the stack deploys it, and with as many receives as an outage takes', async () => {
      // 10 + 14 days / (0.75 * 1800 s), docs/iggy.md.
      const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":906}';

      expect(await fedBy('long', { MessageRetentionPeriod: '1209600', VisibilityTimeout: '1085', RedrivePolicy })).toEqual([
        ['ok', 'enabled; batches of up to 10000 within 5 s'],
        ['ok', 'keeps and hides messages for long enough'],
      ]);
    });

    it('says when it may not look at the queue', async () => {
      const lambda = await startLambdaApi({
        name: 'loader',
        timeoutSeconds: 180,
        mappings: [{ ...MAPPING, EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:nowhere' }],
      });
      const { findings } = await doctor({ AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint }, '--function', 'loader');
      await lambda.close();

      expect(findings).toContainEqual(expect.objectContaining({ verdict: 'untold', advice: expect.stringContaining('sqs:GetQueueUrl') }));
    });
  });

  it('finds a function that nothing feeds, and one that there is not', async () => {
    const lambda = await startLambdaApi({ name: 'loader', timeoutSeconds: 300, mappings: [] });
    const aws = { AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint };

    expect((await doctor(aws, '--function', 'loader')).faults).toEqual([
      expect.objectContaining({ check: 'mapping', what: expect.stringContaining('nothing brings it records') }),
    ]);
    const missing = await runCli(['doctor', '--function', 'other'], { ...stack.env, ...aws, DORIS_TABLE: 't' });
    expect(missing).toMatchObject({ code: 3, stderr: expect.stringContaining('function other: ResourceNotFoundException') });
    await lambda.close();
  });
});
