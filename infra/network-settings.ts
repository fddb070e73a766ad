import * as z from 'zod';
import { each, off, ofKind, several, text, whole } from './values.ts';

/** Resources of EC2 have 8 or 17 hexadecimal digits. */
const idOf = (prefix: string, what: string) =>
  text(new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`), `must be the id of ${what}, ${prefix}- and 8 or 17 of [0-9a-f]`);

const cidr = z
  .union([z.cidrv4(), z.cidrv6()], 'must be a network, such as 10.20.0.0/16')
  .describe('Addresses of frontends and backends, as CIDR.');

/** Lambda takes so many subnets of a function. */
const MOST_SUBNETS = 16;

const doris = z
  .strictObject({
    cidr,
    ports: each(whole(1, 65_535)).describe('Ports of frontends and backends there, such as 8030 and 8040.'),
  })
  .describe('Frontends and backends of Doris that share a network.');

const endpoints = z
  .strictObject({
    kind: z.literal('endpoints'),
    routeTableIds: each(idOf('rtb', 'a route table')).describe(
      'Route tables of the subnets; the gateways to DynamoDB and S3 are entered there.',
    ),
    dynamoDbPrefixListId: idOf('pl', 'a prefix list').describe(
      'Prefix list com.amazonaws.REGION.dynamodb: aws ec2 describe-managed-prefix-lists.',
    ),
    s3PrefixListId: idOf('pl', 'a prefix list').describe('Prefix list com.amazonaws.REGION.s3: aws ec2 describe-managed-prefix-lists.'),
    sharedWith: z
      .array(cidr, 'must be a list of the networks in the VPC that use these services too, [] when none does')
      .describe(
        'Networks whose machines use SQS, Secrets Manager and Kinesis too, such as the CIDR of the VPC. In the whole VPC the names of these services lead to the endpoints from then on: whoever is not named here loses them. [] when only these functions use them.',
      ),
  })
  .describe(
    'VPC endpoints for DynamoDB, S3, SQS, Secrets Manager and, for streams, Kinesis are created; nothing leaves the VPC. A VPC takes them once: another stack in it has aws.kind nat.',
  );

const nat = z
  .strictObject({ kind: z.literal('nat') })
  .describe('AWS is reached over HTTPS through what the subnets have: a NAT, or endpoints made elsewhere.');

const vpc = z
  .strictObject({
    kind: z.literal('vpc'),
    vpcId: idOf('vpc', 'a VPC').describe('VPC of the functions.'),
    subnetIds: each(idOf('subnet', 'a subnet'))
      .max(MOST_SUBNETS, `must be ${MOST_SUBNETS} at most, as Lambda takes`)
      .describe('Private subnets of the functions, two or more in different zones for a bad day; with endpoints one of each zone at most.'),
    doris: several(doris).describe('What of Doris the functions may connect to. Addresses of IPv6 need subnets with both.'),
    rulesPerSecurityGroup: whole(1, 1000)
      .default(60)
      .describe(
        'Rules that your account takes in a security group, in and out and of IPv4 and IPv6 each, 1 to 1000. Quota L-0EA8095F of VPC. Default: 60, as AWS grants.',
      ),
    aws: ofKind(endpoints, nat).describe('How the functions reach DynamoDB, SQS, S3, Secrets Manager and Kinesis.'),
  })
  .describe('Functions inside a VPC, which can reach only Doris and AWS.');

const internet = z
  .strictObject({
    kind: z.literal('internet'),
    dangerouslyAllowClearText: off('Lets frontends be http:// although passwords then cross the internet in clear.'),
  })
  .describe('Functions outside any VPC; Doris has to be reachable over the internet.');

/** How the functions of a stack are connected. */
export const networkSchema = ofKind(internet, vpc).prefault({ kind: 'internet' }).describe('How the functions are connected.');

/** The network as the settings describe it. */
export type NetworkSettings = z.output<typeof networkSchema>;
/** A VPC as the settings describe it. */
export type VpcSettings = z.output<typeof vpc>;

/** Whether a network is one of IPv6. */
export function isIpv6(cidr: string): boolean {
  return cidr.includes(':');
}
