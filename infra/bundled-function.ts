import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Effect, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, type FunctionProps, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ConfigError } from '../lib/errors.ts';
import type { FUNCTIONS } from './bundle.ts';
import type { ResourceVariable } from './environment.ts';
import type { Network } from './network.ts';
import type { LoaderParameters } from './parameters.ts';
import { except } from './rules.ts';
import type { Loader } from './settings.ts';
import type { SharedResources } from './shared-resources.ts';

/** What every function of one loader is made with. */
export interface LoaderParts {
  readonly loader: Loader;
  readonly parameters: LoaderParameters;
  readonly shared: SharedResources;
  /** Of the loader's resources, by variable. */
  readonly resources: Readonly<Partial<Record<ResourceVariable, string>>>;
}

/** What one function of a loader is made of. */
export interface BundledFunctionProps {
  readonly bundle: (typeof FUNCTIONS)[number];
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly reservedConcurrency?: number;
}

const BUNDLES = new URL('../dist/functions/', import.meta.url).pathname;

/**
 * A Lambda function that is the built bundle, byte for byte, with the environment and the network of the loader. Its role may log, read the
 * secret of Doris, and nothing else.
 */
export function bundledFunction(
  scope: Construct,
  { loader, parameters, shared, resources }: LoaderParts,
  props: BundledFunctionProps,
): LambdaFunction {
  const { network } = shared;
  const settings = loader.function;
  const { bundle, description, timeoutSeconds, reservedConcurrency } = props;
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), description });
  const logGroup = new LogGroup(scope, 'Logs', { retention: settings.logRetentionDays, removalPolicy: shared.removalPolicy });
  logGroup.grantWrite(role);
  grantSecret(scope, role, loader);
  if (network !== undefined) role.addToPolicy(new PolicyStatement({ actions: INTERFACES, resources: ['*'] }));
  if (network !== undefined || settings.xray)
    except(role, 'IAM5[Resource::*]', 'Network interfaces and traces of a function have no resources to narrow the actions to.');
  const made = new LambdaFunction(scope, 'Function', {
    description,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: codeOf(bundle),
    role,
    logGroup,
    memorySize: parameters.memoryMb,
    timeout: Duration.seconds(timeoutSeconds),
    tracing: settings.xray ? Tracing.ACTIVE : Tracing.DISABLED,
    environment: { ...loader.environment.variables, ...resources, POWERTOOLS_LOG_LEVEL: parameters.logLevel },
    ...(reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: reservedConcurrency }),
    ...(network === undefined ? {} : within(network)),
  });
  if (network !== undefined) denyInterfaces(scope, role, made);
  return made;
}

function within({ vpc, subnets, securityGroup, ipv6 }: Network): Partial<FunctionProps> {
  return {
    vpc,
    vpcSubnets: { subnets: [...subnets] },
    securityGroups: [securityGroup],
    ...(ipv6 ? { ipv6AllowedForDualStack: true } : {}),
  };
}

function codeOf(bundle: string): Code {
  const folder = join(BUNDLES, bundle);
  if (!existsSync(join(folder, 'index.mjs'))) throw new ConfigError([`dist/functions/${bundle}/index.mjs: is missing; run npm run build`]);
  return Code.fromAsset(folder, { exclude: ['**', '!index.mjs'] });
}

function grantSecret(scope: Construct, role: Role, loader: Loader): void {
  role.addToPolicy(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secretArn(scope, loader)] }));
  const { secretKeyArn } = loader.doris;
  if (secretKeyArn === undefined) return;
  const conditions = { StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(scope).region}.amazonaws.com` } };
  role.addToPolicy(new PolicyStatement({ actions: ['kms:Decrypt'], resources: [secretKeyArn], conditions }));
}

/** Secrets Manager adds six characters to the name of a secret in its ARN. */
function secretArn(scope: Construct, { environment: { variables } }: Loader): string {
  const { DORIS_SECRET_ID: secretId = '' } = variables;
  if (secretId.startsWith('arn:')) return secretId;
  return Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${secretId}-??????`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

/** Lambda makes the network interfaces of a function in a VPC in the name of its role; these actions know no resources to narrow them to. */
const INTERFACES = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** Only calls of the function's own code come with its ARN; those of Lambda do not. */
function denyInterfaces(scope: Construct, role: Role, made: LambdaFunction): void {
  const conditions = { ArnEquals: { 'lambda:SourceFunctionArn': made.functionArn } };
  new Policy(scope, 'NoInterfaces', {
    roles: [role],
    statements: [new PolicyStatement({ effect: Effect.DENY, actions: INTERFACES, resources: ['*'], conditions })],
  });
}
