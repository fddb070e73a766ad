import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loaderStack } from '../../infra/loader-stack.ts';
import { checkSettings } from '../../infra/settings.ts';
import { type FunctionHost, startFunctionHost } from '../../local/function-process/host.ts';
import { type Endpoint, listenOnLoopback } from '../../local/loopback.ts';
import { kinesisEvent } from '../support/builders.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { aLoader, settingsWith } from './settings-builder.ts';

process.env['CDK_VALIDATION'] = 'false';

const LEDGER = 'ledger-of-the-template';
const SECRET = 'doris/loader';

let stack: LocalStack;
let secrets: Endpoint;
let functions: FunctionHost;
let outdir: string;
let asset: string;
let template: Template;
const lines: string[] = [];

/** What CloudFormation would put in place of references: the resources of the local stack, the defaults of parameters. */
function resolved(value: unknown, template: Template): string {
  if (typeof value === 'string') return value;
  const { Ref: id } = value as { readonly Ref: string };
  const { Type } = template.toJSON()['Resources'][id] ?? { Type: 'parameter' };
  switch (Type) {
    case 'parameter':
      return String(template.findParameters(id)[id]?.['Default']);
    case 'AWS::DynamoDB::Table':
      return LEDGER;
    case 'AWS::SQS::Queue':
      return stack.deadLetterQueueUrl;
    case 'AWS::S3::Bucket':
      return stack.env['DEAD_LETTER_BUCKET'] ?? '';
    default:
      throw new Error(`no local resource stands for ${id}, a ${Type}`);
  }
}

/** Secrets Manager as far as the function uses it. */
function secretsManager(): Server {
  return createServer((request, response) => {
    request.resume();
    const secret = { ARN: 'arn:local', Name: SECRET, SecretString: JSON.stringify({ username: 'loader', password: 'local-only' }) };
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(secret));
  });
}

async function createLedgerOf(template: Template): Promise<void> {
  const [table] = Object.values(template.findResources('AWS::DynamoDB::Table'));
  const { KeySchema, AttributeDefinitions, BillingMode }: CreateTableCommandInput = { TableName: LEDGER, ...table?.['Properties'] };
  const client = new DynamoDBClient({
    endpoint: stack.aws.dynamoDb.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  await client.send(new CreateTableCommand({ TableName: LEDGER, KeySchema, AttributeDefinitions, BillingMode }));
  client.destroy();
}

interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** The metrics of rows, loads and age that the function wrote. */
function written(): MetricIdentity[] {
  const emitted = lines.filter((line) => line.includes('"_aws"')).map((line) => JSON.parse(line));
  const metrics = emitted.flatMap((line) =>
    ['RowsLoaded', 'Loads', 'Behind', 'RowsDeadLettered']
      .filter((name) => name in line)
      .map((name) => ({
        namespace: line._aws.CloudWatchMetrics[0].Namespace,
        name,
        dimensions: Object.fromEntries(
          line._aws.CloudWatchMetrics[0].Dimensions[0].map((dimension: string) => [dimension, line[dimension]]),
        ),
      })),
  );
  expect(metrics.map(({ name }) => name).sort()).toEqual(['Behind', 'Loads', 'RowsDeadLettered', 'RowsLoaded']);
  return metrics;
}

/** The metrics that the dashboard of the template shows. */
function watched(): MetricIdentity[] {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const parts: unknown[] = dashboard?.['Properties'].DashboardBody['Fn::Join'][1];
  const body = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'reference')).join(''));
  return body.widgets
    .flatMap(({ properties }: { properties: { metrics?: unknown[][] } }) => properties.metrics ?? [])
    .map(([namespace, name, ...rest]: string[]) => ({
      namespace,
      name,
      dimensions: Object.fromEntries(rest.flatMap((part, n) => (n % 2 === 0 && typeof part === 'string' ? [[part, rest[n + 1]]] : []))),
    }));
}

beforeAll(async () => {
  stack = await startLocalStack();
  secrets = await listenOnLoopback(secretsManager());
  outdir = mkdtempSync(join(tmpdir(), 'loader-deployed-'));
  template = Template.fromStack(
    loaderStack(
      new App({ outdir, analyticsReporting: false }),
      checkSettings(settingsWith(aLoader({ doris: { database: 'demo', table: 't' } }))),
    ),
  );
  await createLedgerOf(template);
  const [{ Properties: deployed } = { Properties: undefined }] = Object.values(template.findResources('AWS::Lambda::Function'));
  const variables = Object.entries(deployed.Environment.Variables).map(([name, value]) => [name, resolved(value, template)]);
  asset = join(outdir, `asset.${deployed.Code.S3Key.replace('.zip', '')}`, 'index.mjs');
  functions = startFunctionHost({
    name: 'deployed',
    bundle: asset,
    handler: deployed.Handler.split('.')[1],
    node: process.env['LOADER_NODE'] ?? process.execPath,
    timeoutMillis: deployed.Timeout * 1000,
    onOutput: ({ text }) => lines.push(text),
    env: {
      ...stack.aws.env,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
      ...Object.fromEntries(variables),
      // The only variable that cannot be as deployed: the guards let no stack load into this machine.
      DORIS_FE_URLS: stack.doris.feUrl,
    },
  });
  await stack.select('CREATE TABLE t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1');
});
afterAll(async () => {
  await functions?.close();
  await secrets?.close();
  await stack?.close();
  rmSync(outdir, { recursive: true });
});

describe('what the template deploys', () => {
  it('is the file of the build, byte for byte', () => {
    const built = readFileSync(new URL('../../dist/functions/kinesis-loader/index.mjs', import.meta.url));
    expect(readFileSync(asset).equals(built)).toBe(true);
  });

  it('carries a batch into Doris with the environment, the ledger and the secret of the template', async () => {
    const result = await functions.invoke(JSON.stringify(kinesisEvent([{ data: '{"id":1}' }, { data: 'no json' }, { data: '{"id":2}' }])));

    expect(result).toEqual({ kind: 'returned', payload: '{"batchItemFailures":[]}' });
    expect(await stack.select('SELECT id FROM t ORDER BY id')).toEqual([['1'], ['2']]);
    expect(await stack.letters()).toMatchObject([{ errorClass: 'decode' }]);
    for (const metric of written()) expect.soft(watched()).toContainEqual(metric);
  });
});
