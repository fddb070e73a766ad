/** Runs in a process of its own: `node once.mjs import BUNDLE`, or `node --expose-gc once.mjs memory BUNDLE EVENT.json`. Prints one number. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [what, bundle, eventFile] = process.argv.slice(2);
const started = performance.now();
const { handler } = await import(pathToFileURL(bundle).href);
if (what === 'import') console.log(performance.now() - started);
else {
  const context = { getRemainingTimeInMillis: () => 60_000 };
  await handler({ Records: [] }, context);
  const event = JSON.parse(readFileSync(eventFile, 'utf8'));
  globalThis.gc();
  const idle = process.memoryUsage.rss();
  let peak = idle;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 1);
  const { batchItemFailures } = await handler(event, context);
  clearInterval(sampler);
  if (batchItemFailures.length > 0) throw new Error('the event was not settled');
  console.log(Math.max(peak, process.resourceUsage().maxRSS * 1024) - idle);
}
