import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Template } from 'aws-cdk-lib/assertions';
import { type FunctionHost, startFunctionHost } from '../../local/function-process/host.ts';
import type { LocalStack } from '../support/local-stack.ts';
import { bare, permissions } from './permissions.ts';
import { type Call, recordCalls, startSecretsManager } from './recorded-aws.ts';
import { synthesised } from './synthesise.ts';

/** The functions of one loader, running on this machine as its template says. */
export interface LocalDeployment {
  readonly template: Template;
  readonly loader: LocalFunction;
  readonly redrive: LocalFunction;
  readonly doctor: LocalFunction;
  close(): Promise<void>;
}

/** One of them. */
interface LocalFunction {
  readonly host: FunctionHost;
  /** The file that is deployed. */
  readonly asset: string;
  /** What the function wrote. */
  readonly lines: readonly string[];
  /** What the function asked of AWS, as IAM calls it, sorted. */
  calls(): readonly string[];
  /** What its role does not permit of that, whatever the resource, but for the items of the ledger. */
  notPermitted(): readonly Call[];
}

/** What functions of a template find on this machine. */
interface Ground {
  readonly stack: LocalStack;
  readonly template: Template;
  readonly outdir: string;
  readonly ledger: string;
  /** Secrets Manager. */
  readonly secrets: string;
}

/** Puts the functions of a settings file with one loader onto the local stack: assets, environments, handlers and timeouts, and the ledger. */
export async function deployLocally(stack: LocalStack, settings: { readonly stack: string }): Promise<LocalDeployment> {
  const outdir = mkdtempSync(join(tmpdir(), 'loader-deployed-'));
  const template = synthesised(settings, { outdir });
  const ledger = `${settings.stack}-ledger`;
  await createLedger(template, stack.aws.dynamoDb.endpoint, ledger);
  const secrets = await startSecretsManager({ username: stack.doris.user, password: stack.doris.password });
  const ground: Ground = { stack, template, outdir, ledger, secrets: secrets.endpoint };
  const [loader, redrive, doctor] = await Promise.all([
    startDeployed(ground, /^Loader[a-z]+Function$/),
    startDeployed(ground, /RedriveFunction$/),
    startDeployed(ground, /DoctorFunction$/),
  ]);
  return {
    template,
    loader,
    redrive,
    doctor,
    async close() {
      await Promise.all([loader, redrive, doctor].map((one) => one.close()));
      await secrets.close();
      rmSync(outdir, { recursive: true });
    },
  };
}

async function startDeployed(ground: Ground, named: RegExp): Promise<LocalFunction & { close(): Promise<void> }> {
  const { stack, template, outdir, ledger } = ground;
  const found = Object.entries(template.findResources('AWS::Lambda::Function')).find(([id]) => named.test(bare(id)));
  if (found === undefined) throw new Error(`the template has no function ${named}`);
  const { Code, Handler, Timeout, Environment, Role } = found[1]['Properties'];
  const asset = join(outdir, `asset.${Code.S3Key.replace('.zip', '')}`, 'index.mjs');
  const calls: Call[] = [];
  const lines: string[] = [];
  const { aws } = stack;
  const [dynamoDb, sqs, kinesis, secrets] = await Promise.all(
    [aws.dynamoDb.endpoint, aws.sqs.endpoint, aws.kinesis.endpoint, ground.secrets].map((endpoint) =>
      recordCalls(endpoint, (call) => calls.push(call)),
    ),
  );
  if (dynamoDb === undefined || sqs === undefined || kinesis === undefined || secrets === undefined) throw new Error('no recorders');
  const places = {
    ledger,
    // The SDK calls SQS at the host of the queue's URL.
    deadLetterQueueUrl: stack.deadLetterQueueUrl.replace(aws.sqs.endpoint, sqs.endpoint),
    bucket: stack.env['DEAD_LETTER_BUCKET'] ?? '',
  };
  const host = startFunctionHost({
    name: 'deployed',
    bundle: asset,
    handler: Handler.split('.')[1],
    node: process.env['LOADER_NODE'] ?? process.execPath,
    timeoutMillis: Timeout * 1000,
    onOutput: ({ text }) => lines.push(text),
    env: {
      ...aws.env,
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
      AWS_ENDPOINT_URL_SQS: sqs.endpoint,
      AWS_ENDPOINT_URL_S3: sqs.endpoint,
      AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
      ...environmentOf(template, Environment.Variables, places),
      // The only variable that cannot be as deployed: the guards let no stack load into this machine.
      DORIS_FE_URLS: stack.doris.feUrl,
    },
  });
  const permitted = permissions(template)[bare(Role['Fn::GetAtt'][0])] ?? [];
  return {
    host,
    asset,
    lines,
    calls: () => [...new Set(calls.map(({ action }) => action))].sort(),
    notPermitted: () => calls.filter((call) => !permitted.some((line) => permits(line, call))),
    async close() {
      await host.close();
      await Promise.all([dynamoDb, sqs, kinesis, secrets].map((endpoint) => endpoint.close()));
    },
  };
}

/** Whether a line of permissions lets a call pass; one with leading keys only for items whose partition key begins so. */
function permits(line: string, { action, partition }: Call): boolean {
  const [, begin] = /"dynamodb:LeadingKeys":"([^*]+)\*"/.exec(line) ?? [];
  return line.startsWith(`${action} on `) && (begin === undefined || partition?.startsWith(begin) === true);
}

async function createLedger(template: Template, endpoint: string, name: string): Promise<void> {
  const [table] = Object.values(template.findResources('AWS::DynamoDB::Table'));
  const { KeySchema, AttributeDefinitions, BillingMode }: CreateTableCommandInput = { TableName: name, ...table?.['Properties'] };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  await client.send(new CreateTableCommand({ TableName: name, KeySchema, AttributeDefinitions, BillingMode }));
  client.destroy();
}

/** Where the resources of a template are on this machine. */
interface Places {
  readonly ledger: string;
  readonly deadLetterQueueUrl: string;
  readonly bucket: string;
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
