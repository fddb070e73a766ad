import { pathToFileURL } from 'node:url';
import type { Contender } from './laps.ts';

type Handler = (event: object, context: object) => Promise<{ readonly batchItemFailures: readonly unknown[] }>;

/** Lambda's context, as far as the functions look at it. */
export const context = { getRemainingTimeInMillis: () => 60_000 };

/** The handler of a built function. */
export async function importHandler(bundle: string): Promise<Handler> {
  const { handler } = (await import(pathToFileURL(bundle).href)) as { readonly handler: Handler };
  return async (event, of) => {
    const answer = await handler(event, of);
    if (answer.batchItemFailures.length > 0) throw new Error('the event was not settled');
    return answer;
  };
}

/** The function that is deployed, whole. */
export async function handlerOf(): Promise<Contender> {
  const handler = await importHandler(process.env['BENCH_BUNDLE'] ?? '');
  return async (event) => void (await handler(event, context));
}
