import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Effect, type IGrantable, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct, IConstruct } from 'constructs';
import { except } from './rules.ts';
import type { Loader } from './settings.ts';

/** What decides the role of a function before there is the function. */
export interface RoleProps {
  readonly description: string;
  readonly loader: Loader;
  readonly logGroup: LogGroup;
  readonly inVpc: boolean;
}

/** A role with which a function may log, read the secret of Doris, be in a VPC, and nothing else. */
export function functionRole(scope: Construct, { description, loader, logGroup, inVpc }: RoleProps): Role {
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), description });
  logGroup.grantWrite(role);
  grantSecret(scope, role, loader);
  if (inVpc) role.addToPolicy(new PolicyStatement({ actions: INTERFACES, resources: ['*'] }));
  if (inVpc || loader.function.xray)
    except(role, 'IAM5[Resource::*]', 'Network interfaces and traces of a function have no resources to narrow the actions to.');
  return role;
}

function grantSecret(scope: Construct, role: Role, loader: Loader): void {
  role.addToPolicy(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secretArn(scope, loader)] }));
  grantDecrypt(role, loader.doris.secretKeyArn, 'secretsmanager');
}

/** Lets somebody decrypt what a service keeps under a key of one's own, where there is one, and by way of that service only. */
export function grantDecrypt(grantee: IGrantable & IConstruct, keyArn: string | undefined, service: 'kinesis' | 'secretsmanager'): void {
  if (keyArn === undefined) return;
  const conditions = { StringEquals: { 'kms:ViaService': `${service}.${Stack.of(grantee).region}.amazonaws.com` } };
  grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['kms:Decrypt'], resources: [keyArn], conditions }));
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

/** Leaves network interfaces to Lambda: only calls of the function's own code come with its ARN. */
export function denyInterfaces(scope: Construct, role: Role, made: LambdaFunction): void {
  const conditions = { ArnEquals: { 'lambda:SourceFunctionArn': made.functionArn } };
  new Policy(scope, 'NoInterfaces', {
    roles: [role],
    statements: [new PolicyStatement({ effect: Effect.DENY, actions: INTERFACES, resources: ['*'], conditions })],
  });
}
