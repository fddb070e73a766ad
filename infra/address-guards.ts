import { BlockList, isIP } from 'node:net';
import type { NetworkSettings } from './network-settings.ts';
import type { Loader } from './settings.ts';

/** Networks that are reached from inside only (RFC 1918, RFC 6598, RFC 4193). */
const PRIVATE = blockList(['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['fc00::', 7]);
/** The function's own machine, or nobody (RFC 1122, RFC 4291, RFC 3927). */
const NOWHERE = blockList(['127.0.0.0', 8], ['0.0.0.0', 8], ['169.254.0.0', 16], ['::', 127]);

function blockList(...networks: readonly (readonly [address: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, address.includes(':') ? 'ipv6' : 'ipv4');
  return list;
}

/** Frontends that a function could not reach, or to which it would show its password. */
export function addressFaults({ environment }: Loader, network: NetworkSettings): string[] {
  const frontends = environment.config.doris.frontends;
  return frontends.flatMap((frontend) => {
    const host = frontend.hostname.replace(/^\[|\]$/g, '');
    if (host === 'localhost' || isIn(NOWHERE, host)) return [`doris.feUrls: ${frontend.origin} is the function's own machine, not Doris`];
    return network.kind === 'internet'
      ? overInternet(frontend, host, network.dangerouslyAllowClearText)
      : outsideVpc(frontend, host, network);
  });
}

function overInternet(frontend: URL, host: string, clearTextAllowed: boolean): string[] {
  const faults: string[] = [];
  if (isIn(PRIVATE, host))
    faults.push(`doris.feUrls: ${frontend.origin} is a private address; functions outside a VPC cannot reach it, set network`);
  else if (frontend.protocol === 'http:' && !clearTextAllowed)
    faults.push(
      `doris.feUrls: ${frontend.origin} would send the password over the internet in clear; use https, or a VPC, or network.dangerouslyAllowClearText`,
    );
  return faults;
}

function outsideVpc(frontend: URL, host: string, { doris }: Extract<NetworkSettings, { kind: 'vpc' }>): string[] {
  const port = Number(frontend.port || (frontend.protocol === 'https:' ? 443 : 80));
  const allowed = doris.filter(({ ports }) => ports.includes(port));
  const isReached = isIP(host) === 0 ? allowed.length > 0 : allowed.some(({ cidr }) => isIn(networkOf(cidr), host));
  return isReached ? [] : [`network.doris: does not let the functions connect to ${frontend.origin}, port ${port}`];
}

function networkOf(cidr: string): BlockList {
  const [address = '', prefix = ''] = cidr.split('/');
  return blockList([address, Number(prefix)]);
}

function isIn(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
