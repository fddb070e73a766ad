import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Template } from 'aws-cdk-lib/assertions';
import { type FunctionHost, startFunctionHost } from '../../local/function-process/host.ts';
import type { LocalStack } from '../support/local-stack.ts';
import { recordCalls, startSecretsManager } from './recorded-aws.ts';
import { templateOf } from './synthesise.ts';

/** The function of a template, running on this machine as the template says. */
export interface LocalDeployment {
  readonly template: Template;
  readonly functions: FunctionHost;
  /** The file that is deployed. */
  readonly asset: string;
  /** What the function wrote. */
  readonly lines: readonly string[];
  /** What the function asked of AWS, as IAM calls it. */
  readonly calls: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Where the resources of a template are on this machine. */
interface Places {
  readonly ledger: string;
  readonly deadLetterQueueUrl: string;
  readonly bucket: string;
}

/** Puts the function of a settings file onto the local stack: its asset, its environment, its handler and timeout, and its ledger. */
export async function deployLocally(stack: LocalStack, settings: { readonly stack: string }): Promise<LocalDeployment> {
  const outdir = mkdtempSync(join(tmpdir(), 'loader-deployed-'));
  const template = templateOf(settings, { outdir });
  const calls = new Set<string>();
  const lines: string[] = [];
  const [dynamoDb, sqs, secrets, secretsManager] = await recorders(stack, calls);
  const ledger = `${settings.stack}-ledger`;
  await createLedger(template, stack.aws.dynamoDb.endpoint, ledger);
  const [{ Properties: deployed } = { Properties: undefined }] = Object.values(template.findResources('AWS::Lambda::Function'));
  const asset = join(outdir, `asset.${deployed.Code.S3Key.replace('.zip', '')}`, 'index.mjs');
  const places = {
    ledger,
    // The SDK calls SQS at the host of the queue's URL.
    deadLetterQueueUrl: stack.deadLetterQueueUrl.replace(stack.aws.sqs.endpoint, sqs.endpoint),
    bucket: stack.env['DEAD_LETTER_BUCKET'] ?? '',
  };
  const functions = startFunctionHost({
    name: 'deployed',
    bundle: asset,
    handler: deployed.Handler.split('.')[1],
    node: process.env['LOADER_NODE'] ?? process.execPath,
    timeoutMillis: deployed.Timeout * 1000,
    onOutput: ({ text }) => lines.push(text),
    env: {
      ...stack.aws.env,
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
      AWS_ENDPOINT_URL_SQS: sqs.endpoint,
      AWS_ENDPOINT_URL_S3: sqs.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
      ...environmentOf(template, deployed.Environment.Variables, places),
      // The only variable that cannot be as deployed: the guards let no stack load into this machine.
      DORIS_FE_URLS: stack.doris.feUrl,
    },
  });
  return {
    template,
    functions,
    asset,
    lines,
    calls,
    async close() {
      await functions.close();
      await Promise.all([dynamoDb, sqs, secrets, secretsManager].map((endpoint) => endpoint.close()));
      rmSync(outdir, { recursive: true });
    },
  };
}

async function recorders({ aws, doris }: LocalStack, calls: Set<string>) {
  const secretsManager = await startSecretsManager({ username: doris.user, password: doris.password });
  return Promise.all([
    recordCalls(aws.dynamoDb.endpoint, calls),
    recordCalls(aws.sqs.endpoint, calls),
    recordCalls(secretsManager.endpoint, calls),
    secretsManager,
  ]);
}

async function createLedger(template: Template, endpoint: string, name: string): Promise<void> {
  const [table] = Object.values(template.findResources('AWS::DynamoDB::Table'));
  const { KeySchema, AttributeDefinitions, BillingMode }: CreateTableCommandInput = { TableName: name, ...table?.['Properties'] };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  await client.send(new CreateTableCommand({ TableName: name, KeySchema, AttributeDefinitions, BillingMode }));
  client.destroy();
}

/** What CloudFormation would put in place of references: resources, and the defaults of parameters. */
function environmentOf(template: Template, variables: Readonly<Record<string, unknown>>, places: Places): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, typeof value === 'string' ? value : referred(template, value, places)]),
  );
}

function referred(template: Template, reference: unknown, { ledger, deadLetterQueueUrl, bucket }: Places): string {
  const { Ref: id } = reference as { readonly Ref: string };
  const type: string | undefined = template.toJSON()['Resources'][id]?.Type;
  switch (type) {
    case undefined:
      return String(template.findParameters(id)[id]?.['Default']);
    case 'AWS::DynamoDB::Table':
      return ledger;
    case 'AWS::SQS::Queue':
      return deadLetterQueueUrl;
    case 'AWS::S3::Bucket':
      return bucket;
    default:
      throw new Error(`no local resource stands for ${id}, a ${type}`);
  }
}
