/** Runs Kinesis in a worker thread. Plain JavaScript, because a worker starts without the loader that reads TypeScript. */
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { startKinesis } = await import('./server.ts');
const { endpoint, close } = await startKinesis(workerData);
parentPort.once('message', async () => {
  await close();
  process.exit(0);
});
parentPort.postMessage(endpoint);
