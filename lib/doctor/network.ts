import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { bareHost, portOf } from '../doris/redirect-policy.ts';
import { type Check, type Finding, fault, ok } from './finding.ts';

/** How a server is reached. */
export interface Reaching {
  /** For TCP and TLS each, in ms. */
  readonly timeout: number;
  readonly caCert?: string;
}

/** Name, port and certificate of one server, in this order, up to the first that fails. */
export async function checkNetwork(url: URL, reaching: Reaching): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const check of url.protocol === 'https:' ? [checkName, checkPort, checkCertificate] : [checkName, checkPort]) {
    const finding = await check(url, reaching);
    findings.push(finding);
    if (finding.verdict === 'fault') break;
  }
  return findings;
}

async function checkName(url: URL): Promise<Finding> {
  const host = bareHost(url);
  if (isIP(host) !== 0) return ok('dns', url.host, 'is an address');
  try {
    const { address } = await lookup(host);
    return ok('dns', url.host, `is ${address}`);
  } catch (error) {
    return fault(
      'dns',
      url.host,
      `the name does not resolve (${codeOf(error)})`,
      'correct the name, or run this where its DNS zone is known: inside the VPC',
    );
  }
}

async function checkPort(url: URL, reaching: Reaching): Promise<Finding> {
  const advice = 'let the server run and listen there, and open the way: security groups, network ACLs, routes, allow-lists';
  return await connected('tcp', url, connect({ host: bareHost(url), port: Number(portOf(url)) }), {
    ...reaching,
    event: 'connect',
    advice,
  });
}

async function checkCertificate(url: URL, { caCert, timeout }: Reaching): Promise<Finding> {
  const host = bareHost(url);
  const trust = { ...(caCert === undefined ? {} : { ca: caCert }), ...(isIP(host) === 0 ? { servername: host } : {}) };
  const advice = 'give the authority of the certificate in DORIS_CA_CERT, and use the name that the certificate is for';
  return await connected('tls', url, connectTls({ host, port: Number(portOf(url)), ...trust }), {
    timeout,
    event: 'secureConnect',
    advice,
  });
}

interface Expected {
  readonly timeout: number;
  readonly event: 'connect' | 'secureConnect';
  readonly advice: string;
}

function connected(check: Check, url: URL, socket: Socket, { timeout, event, advice }: Expected): Promise<Finding> {
  return new Promise((resolve) => {
    const end = (finding: Finding) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(finding);
    };
    const timer = setTimeout(() => end(fault(check, url.host, `no answer within ${timeout} ms`, advice)), timeout);
    socket.once(event, () => end(ok(check, url.host, 'answers')));
    socket.once('error', (error) => end(fault(check, url.host, codeOf(error), advice)));
  });
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
