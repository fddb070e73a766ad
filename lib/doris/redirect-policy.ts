import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { ConfigError } from '../errors.ts';

/** One line of what the operator allows. `port` undefined: any. */
type Entry =
  | { readonly kind: 'host'; readonly host: string; readonly port: string | undefined }
  | { readonly kind: 'suffix'; readonly suffix: string; readonly port: string | undefined }
  | { readonly kind: 'network'; readonly network: BlockList };

/** Which hosts, besides the configured frontends themselves, may receive credentials. Without entries: the frontends' hosts on any port. */
export interface RedirectPolicy {
  readonly entries: readonly Entry[];
}

/**
 * Reads `host`, `host:port`, `*.suffix`, `[IPv6]`, `[IPv6]:port` and CIDR, separated by commas. Blank text allows the frontends' hosts only.
 * A network matches addresses alone, never a name that resolves into it.
 * @throws {ConfigError} naming every faulty entry.
 */
export function parseRedirectHosts(text: string): RedirectPolicy {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => part === '')) return { entries: [] };
  const entries: Entry[] = [];
  const faults: string[] = [];
  for (const part of parts) {
    const entry = parseEntry(part.toLowerCase());
    if (typeof entry === 'string') faults.push(`redirect host ${JSON.stringify(part.replace(/^.*@/, '***@'))}: ${entry}`);
    else entries.push(entry);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { entries };
}

/** Whether the policy lists this address. */
export function isListed(policy: RedirectPolicy, url: URL): boolean {
  return policy.entries.some((entry) => matches(entry, bareHost(url), portOf(url)));
}

/** The host without brackets and without a final dot. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

/** The port, also where the URL leaves it to the scheme. */
export function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}

function matches(entry: Entry, host: string, port: string): boolean {
  switch (entry.kind) {
    case 'network':
      return isIP(host) !== 0 && entry.network.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
    case 'suffix':
      return isIP(host) === 0 && host.endsWith(entry.suffix) && (entry.port ?? port) === port;
    case 'host':
      return host === entry.host && (entry.port ?? port) === port;
    default:
      return entry satisfies never;
  }
}

function parseEntry(text: string): Entry | string {
  if (text === '') return 'is empty';
  if (text.includes('/')) return parseNetwork(text);
  const { host, port } = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>\d+))?$/.exec(text)?.groups ?? {};
  if (host === undefined) return 'must be host, host:port, *.suffix or CIDR; an IPv6 address stands in brackets';
  if (port === undefined) return parseName(host, undefined);
  if (Number(port) < 1 || Number(port) > 65535) return `port must be 1 to 65535 (given ${port})`;
  return parseName(host, String(Number(port)));
}

function parseName(text: string, port: string | undefined): Entry | string {
  if (text.startsWith('*.')) {
    const suffix = parseHost(text.slice(2));
    if (suffix === undefined || isIP(suffix) !== 0) return 'must have a domain name after *.';
    return { kind: 'suffix', suffix: `.${suffix}`, port };
  }
  const host = parseHost(text);
  return host === undefined ? 'is no host name and no IP address' : { kind: 'host', host, port };
}

function parseNetwork(text: string): Entry | string {
  const { address, prefix } = /^(?<address>[^/]+)\/(?<prefix>\d{1,3})$/.exec(text)?.groups ?? {};
  const family = address === undefined ? 0 : isIP(address);
  if (address === undefined || family === 0) return 'must be a network such as 10.0.0.0/8 or fd00::/8, or a host without scheme and path';
  const longest = family === 6 ? 128 : 32;
  if (Number(prefix) > longest) return `prefix length must be 0 to ${longest} (given ${prefix})`;
  const network = new BlockList();
  network.addSubnet(address, Number(prefix), family === 6 ? 'ipv6' : 'ipv4');
  return { kind: 'network', network };
}

/** The host as a URL spells it (punycode, shortened IPv6), so that comparing texts is enough. */
function parseHost(text: string): string | undefined {
  if (/[\s?#@%\\]/.test(text) || !URL.canParse(`http://${text}/`)) return undefined;
  const host = bareHost(new URL(`http://${text}/`));
  const isName = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/.test(host);
  // URL reads 10.1 as 10.0.0.1; whoever writes that more likely forgot something.
  if (isIPv4(host)) return host === text ? host : undefined;
  return isName || isIPv6(host) ? host : undefined;
}
