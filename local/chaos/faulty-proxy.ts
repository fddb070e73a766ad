import { type ClientRequest, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../doris/faults.ts';
import { type Endpoint, listenOnLoopback } from '../loopback.ts';

/** What happens to one request on its way to a service of AWS. */
type ProxyFault =
  | { readonly kind: 'reset before the request arrives' }
  | { readonly kind: 'reset after the effect' }
  | { readonly kind: 'delayed'; readonly ms: number }
  | { readonly kind: 'HTTP 500' }
  | { readonly kind: 'HTTP 500 after the effect' }
  | { readonly kind: 'throttled' };

/** A proxy that spoils a share of what goes through it. */
export interface FaultyProxy extends Endpoint {
  /** How often each fault struck. */
  struck(): ReadonlyMap<ProxyFault['kind'], number>;
  /** From now on everything goes through. */
  calm(): void;
}

/** Which service stands behind a proxy, and how it is spoiled. */
export interface ProxyOptions {
  /** `http://127.0.0.1:<port>` */
  readonly target: string;
  readonly seed: number;
  /** 0 to 1: the share of requests that meet a fault. */
  readonly probability: number;
  /** The error type with which this service throttles, after `#`. */
  readonly throttling: string;
}

const MOST_DELAY_MS = 400;

/** Starts a proxy for one service of AWS. Its faults are drawn from the seed, one after the other, in the order in which requests come. */
export async function startFaultyProxy({ target, seed, probability, throttling }: ProxyOptions): Promise<FaultyProxy> {
  const random = seededRandom(seed);
  const struck = new Map<ProxyFault['kind'], number>();
  let isCalm = false;
  const draw = (): ProxyFault | undefined => {
    if (isCalm || random() >= probability) return undefined;
    const fault = faultOf(random);
    struck.set(fault.kind, (struck.get(fault.kind) ?? 0) + 1);
    return fault;
  };
  const server = createServer((request, response) => {
    pass({ target, throttling }, request, response, draw()).catch(() => request.socket.destroy());
  });
  return {
    ...(await listenOnLoopback(server)),
    struck: () => struck,
    calm: () => {
      isCalm = true;
    },
  };
}

function faultOf(random: () => number): ProxyFault {
  const kinds: readonly ProxyFault[] = [
    { kind: 'reset before the request arrives' },
    { kind: 'reset after the effect' },
    { kind: 'delayed', ms: Math.floor(random() * MOST_DELAY_MS) },
    { kind: 'HTTP 500' },
    { kind: 'HTTP 500 after the effect' },
    { kind: 'throttled' },
  ];
  return kinds[Math.floor(random() * kinds.length)] ?? { kind: 'throttled' };
}

type Service = Pick<ProxyOptions, 'target' | 'throttling'>;

async function pass(service: Service, request: IncomingMessage, response: ServerResponse, fault: ProxyFault | undefined): Promise<void> {
  const body = await buffer(request);
  switch (fault?.kind) {
    case 'reset before the request arrives':
      return void request.socket.resetAndDestroy();
    case 'HTTP 500':
      return answerError(response, 500, 'InternalServerError');
    case 'throttled':
      return answerError(response, 400, service.throttling);
    case 'delayed':
      await sleep(fault.ms);
      break;
    case 'reset after the effect':
      await exchange(service.target, request, body);
      return void request.socket.resetAndDestroy();
    case 'HTTP 500 after the effect':
      await exchange(service.target, request, body);
      return answerError(response, 500, 'InternalServerError');
    case undefined:
      break;
    default:
      return fault satisfies never;
  }
  const answer = await exchange(service.target, request, body);
  response.writeHead(answer.status, answer.headers).end(answer.body);
}

function answerError(response: ServerResponse, status: number, type: string): void {
  const body = JSON.stringify({ __type: `local#${type}`, message: 'a fault of the chaos run' });
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': Buffer.byteLength(body) }).end(body);
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** One request behind the proxy, to its end, whatever becomes of the client meanwhile. */
async function exchange(target: string, { method = 'GET', url = '/', headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  const behind = httpRequest(new URL(url, target), { method, headers });
  behind.end(body);
  const answer = await answerTo(behind);
  const { 'transfer-encoding': _, connection: __, ...kept } = answer.headers;
  const content = await buffer(answer);
  return { status: answer.statusCode ?? 502, headers: { ...kept, 'content-length': String(content.length) }, body: content };
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
}
