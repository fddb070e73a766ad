import { createServer, type IncomingMessage, request as send } from 'node:http';
import { type Endpoint, listenOnLoopback } from '../../local/loopback.ts';

/** Stands before a service of AWS and notes down what it is asked for, as IAM calls it: `dynamodb:GetItem`. */
export function recordCalls(upstream: string, calls: Set<string>): Promise<Endpoint> {
  return listenOnLoopback(
    createServer((request, response) => {
      calls.add(actionOf(request));
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
