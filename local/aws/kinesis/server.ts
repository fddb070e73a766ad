import { randomUUID } from 'node:crypto';
import { type Endpoint, listenOnLoopback } from '../../loopback.ts';
import { type AnyRequest, type AnyResponse, createDualProtocolServer } from '../dual-protocol.ts';
import { createKinesisEngine, type KinesisEngine } from './engine.ts';
import { type Reply, type Request, refuse } from './reply.ts';

/** Who owns the streams, and where the server listens. */
export interface KinesisOptions {
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Twelve digits, default `000000000000`. */
  readonly accountId?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** How long a stream stays CREATING, UPDATING or DELETING; default 20. */
  readonly transitionMillis?: number;
}

/** Starts Kinesis on the loopback interface, for clients of HTTP/2 and HTTP/1.1 alike. */
export async function startKinesis(options: KinesisOptions = {}): Promise<Endpoint> {
  const { region = 'us-east-1', accountId = '000000000000', port = 0, transitionMillis = 20 } = options;
  const engine = createKinesisEngine({ region, accountId, transitionMillis });
  const server = createDualProtocolServer((request, response) => {
    answer(engine, request).then(
      (reply) => send(response, reply),
      (fault: unknown) => send(response, { status: 500, body: { __type: 'InternalFailureException', message: String(fault) } }),
    );
  });
  const { endpoint, close } = await listenOnLoopback(server, port);
  return {
    endpoint,
    close: async () => {
      await close();
      await engine.close();
    },
  };
}

/** 10 MiB of records grow by a third in base64; partition keys and punctuation come on top. */
const largestBody = 16 * 1024 * 1024;

async function answer(engine: KinesisEngine, request: AnyRequest): Promise<Reply> {
  const body = await readBody(request);
  if (body === undefined) return refuse('SerializationException', `The request is larger than ${largestBody} bytes`);
  const { 'content-type': type, 'x-amz-target': target, authorization } = request.headers;
  if (!type?.startsWith('application/x-amz-json-1.1')) return refuse('SerializationException', `Content type ${type} is not served`);
  if (authorization === undefined) return refuse('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const input = parse(body);
  if (input === undefined) return refuse('SerializationException', 'The body is no JSON object');
  return engine.call(String(target).replace('Kinesis_20131202.', ''), input);
}

/** An oversized request is read to its end before it is refused: a reply in the middle of a body hangs some clients. */
async function readBody(request: AnyRequest): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= largestBody) chunks.push(chunk);
  }
  return length > largestBody ? undefined : Buffer.concat(chunks).toString();
}

function parse(body: string): Request | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Request) : undefined;
  } catch {
    return undefined;
  }
}

function send(response: AnyResponse, reply: Reply): void {
  if (response.destroyed) return;
  const body = Buffer.from(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'content-length': body.length, 'x-amzn-requestid': randomUUID() };
  // The two classes have the same method, but TypeScript finds no common signature for it.
  (response as { writeHead(status: number, headers: object): unknown }).writeHead(reply.status, headers);
  response.end(body);
}
