import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Architecture, Code, type FunctionProps, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ConfigError } from '../lib/errors.ts';
import type { FUNCTIONS } from './bundle.ts';
import type { ResourceVariable } from './environment.ts';
import { denyInterfaces, functionRole } from './function-role.ts';
import type { Network } from './network.ts';
import type { LoaderParameters } from './parameters.ts';
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
  const logGroup = new LogGroup(scope, 'Logs', { retention: settings.logRetentionDays, removalPolicy: shared.removalPolicy });
  const role = functionRole(scope, { description, loader, logGroup, inVpc: network !== undefined });
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
