import { isIpv6, type NetworkSettings, type VpcSettings } from './network-settings.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const;
type Family = (typeof FAMILIES)[number];

/** More rules than a security group takes, which AWS would tell in the middle of a deployment. */
export function networkFaults(network: NetworkSettings): string[] {
  return network.kind === 'internet' ? [] : FAMILIES.flatMap((family) => [...outwards(network, family), ...inwards(network, family)]);
}

function outwards({ doris, aws, rulesPerSecurityGroup: most }: VpcSettings, family: Family): string[] {
  const toDoris = new Set(
    doris.filter(({ cidr }) => familyOf(cidr) === family).flatMap(({ cidr, ports }) => ports.map((port) => `${cidr} ${port}`)),
  ).size;
  const toAws = rulesToAws(aws, family);
  return toDoris === 0 || toDoris + toAws <= most
    ? []
    : [
        `network.doris: needs ${toDoris + toAws} rules of ${family}, one for each network and port and ${toAws} to reach AWS; ${remedy(most)}`,
      ];
}

/** Prefix lists of AWS (of DynamoDB and of S3 they weigh one rule each) and security groups count as rules of both families. */
function rulesToAws({ kind }: VpcSettings['aws'], family: Family): number {
  if (kind === 'endpoints') return 3;
  return family === 'IPv4' ? 1 : 0;
}

function inwards({ aws, rulesPerSecurityGroup: most }: VpcSettings, family: Family): string[] {
  if (aws.kind === 'nat') return [];
  const others = new Set(aws.sharedWith.filter((cidr) => familyOf(cidr) === family)).size;
  return others === 0 || others + 1 <= most
    ? []
    : [`network.aws.sharedWith: needs ${others + 1} rules of ${family}, one for each network and one for the functions; ${remedy(most)}`];
}

function remedy(most: number): string {
  return `a security group takes ${most}: name networks that hold several hosts, such as 10.20.0.0/16, or have the quota L-0EA8095F of VPC raised and write it into network.rulesPerSecurityGroup`;
}

function familyOf(cidr: string): Family {
  return isIpv6(cidr) ? 'IPv6' : 'IPv4';
}
