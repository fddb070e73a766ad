import { Annotations, Stack } from 'aws-cdk-lib';
import {
  CfnVPCEndpoint,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  Subnet,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { isIpv6, type VpcSettings } from './network-settings.ts';
import type { Settings } from './settings.ts';

/** Where functions run inside a VPC. */
export interface Network {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroup: SecurityGroup;
  /** Whether Doris has addresses of IPv6, which functions use only when they are told to. */
  readonly ipv6: boolean;
}

const HTTPS = Port.tcp(443);

/** The security group of the functions, which may reach Doris and AWS and nothing else, and the endpoints when they are wanted. */
export function functionNetwork(scope: Construct, { network: settings, loaders }: Settings): Network | undefined {
  if (settings.kind === 'internet') return undefined;
  const within = new Construct(scope, 'Network');
  // The zones are asked for only when subnets are chosen by zone; here they are given.
  const vpc = Vpc.fromVpcAttributes(within, 'Vpc', { vpcId: settings.vpcId, availabilityZones: ['not-asked-for'] });
  const subnets = settings.subnetIds.map((id) => {
    const subnet = Subnet.fromSubnetId(within, id, id);
    // Its route table is nobody's business here: gateways are entered into those that the settings name.
    Annotations.of(subnet).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId');
    return subnet;
  });
  const securityGroup = new SecurityGroup(within, 'Functions', {
    vpc,
    description: 'Functions of doris-lambda-loader: to Doris and AWS only',
    allowAllOutbound: false,
  });
  for (const { cidr, ports } of settings.doris)
    for (const port of ports) securityGroup.addEgressRule(peerOf(cidr), Port.tcp(port), 'Doris frontends and backends');
  const network = { vpc, subnets, securityGroup, ipv6: settings.doris.some(({ cidr }) => isIpv6(cidr)) };
  reachAws(
    within,
    network,
    settings,
    loaders.some(({ source }) => source.kind !== 'iggy'),
  );
  return network;
}

function peerOf(cidr: string) {
  return isIpv6(cidr) ? Peer.ipv6(cidr) : Peer.ipv4(cidr);
}

/** @param streams - whether streams are read: by redrive and doctor, the loader is brought its records. */
function reachAws(scope: Construct, network: Network, { aws, vpcId }: VpcSettings, streams: boolean): void {
  const { securityGroup } = network;
  if (aws.kind === 'nat') {
    securityGroup.addEgressRule(Peer.anyIpv4(), HTTPS, 'AWS over HTTPS');
    return;
  }
  for (const [service, prefixList] of [
    ['dynamodb', aws.dynamoDbPrefixListId],
    ['s3', aws.s3PrefixListId],
  ] as const) {
    new CfnVPCEndpoint(scope, `Gateway-${service}`, {
      vpcId,
      vpcEndpointType: 'Gateway',
      serviceName: `com.amazonaws.${Stack.of(scope).region}.${service}`,
      routeTableIds: aws.routeTableIds,
    });
    securityGroup.addEgressRule(Peer.prefixList(prefixList), HTTPS, `${service} through its gateway`);
  }
  interfaceEndpoints(scope, network, aws.sharedWith, [
    ['Sqs', InterfaceVpcEndpointAwsService.SQS],
    ['Secrets', InterfaceVpcEndpointAwsService.SECRETS_MANAGER],
    ...(streams ? [['Kinesis', InterfaceVpcEndpointAwsService.KINESIS_STREAMS] as const] : []),
  ]);
}

type Services = readonly (readonly [id: string, service: InterfaceVpcEndpointAwsService])[];

/** @param sharedWith - networks that the names of these services lead here as well: private DNS holds for the whole VPC. */
function interfaceEndpoints(
  scope: Construct,
  { vpc, subnets, securityGroup }: Network,
  sharedWith: readonly string[],
  services: Services,
): void {
  const endpoints = new SecurityGroup(scope, 'Endpoints', {
    vpc,
    description: 'Endpoints of AWS for doris-lambda-loader',
    allowAllOutbound: false,
  });
  endpoints.addIngressRule(securityGroup, HTTPS, 'Functions of doris-lambda-loader');
  for (const cidr of sharedWith) endpoints.addIngressRule(peerOf(cidr), HTTPS, 'Others in the VPC');
  securityGroup.addEgressRule(endpoints, HTTPS, 'Services of AWS through their endpoints');
  for (const [id, service] of services)
    new InterfaceVpcEndpoint(scope, id, { vpc, service, subnets: { subnets: [...subnets] }, securityGroups: [endpoints], open: false });
}
