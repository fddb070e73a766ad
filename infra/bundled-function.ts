import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ConfigError } from '../lib/errors.ts';
import type { FUNCTIONS } from './bundle.ts';
import type { ResourceVariable } from './environment.ts';
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
  const logGroup = new LogGroup(scope, 'Logs', { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY });
  logGroup.grantWrite(role);
  grantSecret(scope, role, loader);
  if (network !== undefined) role.addToPolicy(networkInterfaces());
  if (network !== undefined || settings.xray)
    except(role, 'IAM5[Resource::*]', 'Network interfaces and traces of a function have no resources to narrow the actions to.');
  return new LambdaFunction(scope, 'Function', {
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
    ...(network === undefined
      ? {}
      : { vpc: network.vpc, vpcSubnets: { subnets: [...network.subnets] }, securityGroups: [network.securityGroup] }),
  });
}

function codeOf(bundle: string): Code {
  const folder = join(BUNDLES, bundle);
  if (!existsSync(join(folder, 'index.mjs'))) throw new ConfigError([`dist/functions/${bundle}/index.mjs: is missing; run npm run build`]);
  return Code.fromAsset(folder, { exclude: ['**', '!index.mjs'] });
}

function grantSecret(scope: Construct, role: Role, loader: Loader): void {
  role.addToPolicy(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secretArn(scope, loader)] }));
  const { secretKeyArn } = loader.doris;
  if (secretKeyArn !== undefined) role.addToPolicy(new PolicyStatement({ actions: ['kms:Decrypt'], resources: [secretKeyArn] }));
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

/** A function in a VPC brings its own network interfaces; these actions know no resources to narrow them to. */
function networkInterfaces(): PolicyStatement {
  return new PolicyStatement({
    actions: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
  });
}
