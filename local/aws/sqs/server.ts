import { buildApp } from 'fauxqs';
import type { Endpoint } from '../../loopback.ts';
import { createStores, handOutGroups, permitEveryPlane } from './fauxqs-internals.ts';
import { queryErrorHeader } from './query-error.ts';
import { isBatchResult, type Refusal, type RefusedEntry, refusalOf, splitBatch } from './send-rules.ts';

/** Where the queues and buckets live. */
export interface SqsOptions {
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Default 0: any free port. */
  readonly port?: number;
}

/**
 * Starts SQS and S3 on one port of the loopback interface. Queue URLs name the address that the caller used, so they work with plain
 * clients. What SQS refuses and the emulator would take is refused before it gets there.
 */
export async function startSqs(options: SqsOptions = {}): Promise<Endpoint> {
  const { region = 'us-east-1', port = 0 } = options;
  await permitEveryPlane();
  await handOutGroups();
  const app = buildApp({ logger: false, defaultRegion: region, stores: await createStores() });
  const refusedEntries = new WeakMap<object, readonly RefusedEntry[]>();
  const json = 'application/x-amz-json-1.0';

  app.addHook('preHandler', async (request, reply) => {
    const target = String(request.headers['x-amz-target']);
    const refusal = refusalOf(target, request.body);
    if (refusal !== undefined) return reply.status(400).headers(errorHeaders(refusal)).type(json).send(errorBody(refusal));
    const { accepted, refused } = splitBatch(target, request.body);
    if (refused.length === 0) return;
    request.body = accepted;
    refusedEntries.set(request, refused);
    if (accepted.Entries.length === 0) return reply.type(json).send(JSON.stringify({ Successful: [], Failed: refused }));
  });
  app.addHook('preSerialization', async (request, _reply, result: unknown) => {
    const refused = refusedEntries.get(request);
    return refused !== undefined && isBatchResult(result) ? { ...result, Failed: [...result.Failed, ...refused] } : result;
  });
  app.addHook('onSend', async (_request, reply) => {
    const header = reply.getHeader('x-amzn-query-error');
    if (header !== undefined) reply.header('x-amzn-query-error', queryErrorHeader(String(header)));
  });
  const endpoint = await app.listen({ host: '127.0.0.1', port });
  return { endpoint, close: () => app.close() };
}

function errorHeaders({ code }: Refusal): Readonly<Record<string, string>> {
  return { 'x-amzn-query-error': `${code};Sender` };
}

function errorBody({ code, message }: Refusal): string {
  return JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message });
}
