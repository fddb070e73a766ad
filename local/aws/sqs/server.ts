import { buildApp } from 'fauxqs';
import type { Endpoint } from '../../loopback.ts';
import { createStores, permitEveryPlane } from './fauxqs-internals.ts';
import { refusalOf } from './send-rules.ts';

/** Where the queues and buckets live. */
export interface SqsOptions {
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Default 0: any free port. */
  readonly port?: number;
}

/**
 * Starts SQS and S3 on one port of the loopback interface. Queue URLs name the address that the caller used, so they work with plain
 * clients.
 */
export const startSqs = async (options: SqsOptions = {}): Promise<Endpoint> => {
  const { region = 'us-east-1', port = 0 } = options;
  await permitEveryPlane();
  const app = buildApp({ logger: false, defaultRegion: region, stores: await createStores() });
  app.addHook('preHandler', async (request, reply) => {
    const { 'x-amz-target': target } = request.headers;
    const refusal = refusalOf(String(target), request.body);
    if (refusal === undefined) return;
    await reply
      .status(400)
      .header('content-type', 'application/x-amz-json-1.0')
      .header('x-amzn-query-error', `${refusal.code};Sender`)
      .send(JSON.stringify({ __type: `com.amazonaws.sqs#${refusal.code}`, message: refusal.message }));
  });
  const endpoint = await app.listen({ host: '127.0.0.1', port });
  return { endpoint, close: () => app.close() };
};
