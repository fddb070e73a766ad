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

const SERVICES: Readonly<Record<string, string>> = { DynamoDB_20120810: 'dynamodb', AmazonSQS: 'sqs', secretsmanager: 'secretsmanager' };

function actionOf({ headers, method }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  // S3 is the service without targets; loaders only put objects there.
  if (typeof target !== 'string') return method === 'PUT' ? 's3:PutObject' : `s3:${method}`;
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
