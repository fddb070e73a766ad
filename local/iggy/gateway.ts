import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { SendMessageCommand, type SQSClient, SQSServiceException } from '@aws-sdk/client-sqs';
import { type Endpoint, listenOnLoopback } from '../loopback.ts';

/** The endpoint that http_sink posts to. */
export interface GatewayOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  /** What the `x-api-key` header must say. */
  readonly apiKey: string;
  /** Every message's group; asked for by a FIFO queue. */
  readonly messageGroupId?: string;
  /** Sends the answer when the message is in the queue already, or instead of it nothing: for lost replies on purpose. */
  readonly replies?: () => 'sent' | 'lost';
  /** Default 0: any free port. */
  readonly port?: number;
}

/** API Gateway takes no more. */
const LARGEST_REQUEST = 10 * 1024 * 1024;

/** Which template makes a message of a body: `application/octet-stream` comes as base64 text, anything unlisted is refused. */
const TEMPLATES: ReadonlyMap<string, BufferEncoding> = new Map([
  ['application/json', 'utf8'],
  ['application/x-ndjson', 'utf8'],
  ['application/octet-stream', 'base64'],
]);

/**
 * Starts the HTTP endpoint in front of a queue, as an API Gateway REST API with an SQS integration answers: `POST /`, an API key, the body
 * as the message verbatim. An error of SQS is never a success: what it says of the message itself is 400, any other 4xx 503, anything else 502.
 */
export function startGateway(options: GatewayOptions): Promise<Endpoint> {
  const server = createServer((request, response) => {
    answer(request, options).then(
      ({ status, body }) => (options.replies?.() === 'lost' ? response.destroy() : send(response, status, body)),
      () => send(response, 500, { message: 'Internal server error' }),
    );
  });
  return listenOnLoopback(server, options.port);
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const refused = (status: number, message: string): Answer => ({ status, body: { message } });

async function answer(request: IncomingMessage, options: GatewayOptions): Promise<Answer> {
  const body = await read(request);
  if (request.method !== 'POST') return refused(403, 'Missing Authentication Token');
  if (request.headers['x-api-key'] !== options.apiKey) return refused(403, 'Forbidden');
  if (body === undefined) return refused(413, 'Request Too Long');
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? 'application/json';
  const encoding = TEMPLATES.get(type);
  if (encoding === undefined) return refused(415, 'Unsupported Media Type');
  return enqueue(body.toString(encoding), type, options);
}

/** @returns undefined for a body that is too large; it is read to its end all the same. */
async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size <= LARGEST_REQUEST) chunks.push(chunk as Buffer);
  }
  return size > LARGEST_REQUEST ? undefined : Buffer.concat(chunks);
}

async function enqueue(text: string, type: string, { sqs, queueUrl, messageGroupId }: GatewayOptions): Promise<Answer> {
  const encoded = { content_encoding: { DataType: 'String', StringValue: 'base64' } };
  try {
    const { MessageId } = await sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: text,
        ...(TEMPLATES.get(type) === 'base64' ? { MessageAttributes: encoded } : {}),
        ...(messageGroupId === undefined ? {} : { MessageGroupId: messageGroupId }),
      }),
    );
    return { status: 200, body: { messageId: MessageId } };
  } catch (thrown) {
    const status = thrown instanceof SQSServiceException ? thrown.$metadata.httpStatusCode : undefined;
    const name = thrown instanceof Error ? thrown.name : 'unknown error';
    return refused(statusOf(status, name), `SQS did not take the message: ${name}`);
  }
}

/** What SQS says of a message that it will never take. */
const FAULTS_OF_A_MESSAGE = ['InvalidMessageContents', 'InvalidParameterValue', 'MissingParameter'];

/** http_sink repeats 502 and 503, and drops what is answered with 400. */
function statusOf(status: number | undefined, error: string): number {
  if (status === undefined || status < 400 || status >= 500) return 502;
  return FAULTS_OF_A_MESSAGE.some((fault) => error.includes(fault)) ? 400 : 503;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
