import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Endpoint } from '../../loopback.ts';
import type { KinesisOptions } from './server.ts';

/**
 * Starts Kinesis in a thread of its own, so that producers, the mapping and the stream do not share one core. Starting takes a third of
 * a second longer than in the same thread.
 */
export async function startKinesisThread(options: KinesisOptions = {}): Promise<Endpoint> {
  const worker = new Worker(new URL('./thread-entry.mjs', import.meta.url), { workerData: options, execArgv: [] });
  const [endpoint] = (await once(worker, 'message')) as [string];
  return {
    endpoint,
    close: async () => {
      const ended = once(worker, 'exit');
      worker.postMessage('close');
      await ended;
    },
  };
}
