import { createServer, type IncomingMessage, request as send } from 'node:http';
import { type Endpoint, listenOnLoopback } from '../../local/loopback.ts';

/** What a service was asked for. */
export interface Call {
  /** As IAM calls it: `dynamodb:GetItem`. */
  readonly action: string;
  /** The partition key of the items that DynamoDB was asked for. */
  readonly partition: string | undefined;
}

/** Stands before a service of AWS and tells what it is asked for. */
export function recordCalls(upstream: string, heard: (call: Call) => void): Promise<Endpoint> {
  return listenOnLoopback(
    createServer((request, response) => {
      const action = actionOf(request);
      const parts: Buffer[] = [];
      request.on('data', (part) => parts.push(part));
      request.once('end', () =>
        heard({ action, partition: action.startsWith('dynamodb:') ? partitionOf(Buffer.concat(parts)) : undefined }),
      );
      const { hostname, port } = new URL(upstream);
      const { method, url, headers } = request;
      const forwarded = send({ hostname, port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      forwarded.once('error', () => response.destroy());
      request.pipe(forwarded);
    }),
  );
}

const SERVICES: Readonly<Record<string, string>> = {
  DynamoDB_20120810: 'dynamodb',
  AmazonSQS: 'sqs',
  Kinesis_20131202: 'kinesis',
  secretsmanager: 'secretsmanager',
};

/** S3 is the service without targets. */
const OF_OBJECTS: Readonly<Record<string, string>> = { PUT: 's3:PutObject', GET: 's3:GetObject', DELETE: 's3:DeleteObject' };

function actionOf({ headers, method = '', url = '' }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  if (typeof target !== 'string') return /^\/[^/]+\/[^?]/.test(url) ? (OF_OBJECTS[method] ?? `s3:${method}`) : 's3:ListBucket';
  const [service = '', action = ''] = target.split('.');
  // A batch needs the permission of its parts.
  return `${SERVICES[service] ?? service}:${action.replace(/Batch$/, '')}`;
}

interface KeyedRequest {
  readonly Key?: { readonly pk: { readonly S: string } };
  readonly Item?: { readonly pk: { readonly S: string } };
  readonly ExpressionAttributeValues?: { readonly ':pk'?: { readonly S: string } };
}

function partitionOf(body: Buffer): string | undefined {
  const { Key, Item, ExpressionAttributeValues }: KeyedRequest = JSON.parse(body.toString());
  return (Key?.pk ?? Item?.pk ?? ExpressionAttributeValues?.[':pk'])?.S;
}

/** Secrets Manager as far as a function uses it. */
export function startSecretsManager(secret: object): Promise<Endpoint> {
  return listenOnLoopback(
    createServer((request, response) => {
      request.resume();
      const answer = { ARN: 'arn:local', Name: 'local', SecretString: JSON.stringify(secret) };
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
    }),
  );
}
