import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundleFunctions } from '../infra/bundle.ts';
import { largestEvent } from './event.ts';
import { closePlainPut, plainPut } from './plain-put.ts';
import { openStage, type Stage } from './stage.ts';

const BUNDLE = fileURLToPath(new URL('../dist/functions/kinesis-loader/index.mjs', import.meta.url));
const ONCE = fileURLToPath(new URL('./once.mjs', import.meta.url));
const ROUNDS = 15;
const context = { getRemainingTimeInMillis: () => 60_000 };

type Handler = (event: object, context: object) => Promise<{ readonly batchItemFailures: readonly unknown[] }>;

const say = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(64)} ${value}\n`);
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Handler and plain PUT in turn, so that both see the same machine. */
async function speed(stage: Stage, handler: Handler, size: number): Promise<void> {
  const ratios: number[] = [];
  const times: number[] = [];
  const sample = largestEvent(size);
  for (let round = 0; round < ROUNDS + 3; round++) {
    const { event, body } = largestEvent(size);
    const mine = await timed(async () => {
      const { batchItemFailures } = await handler(event, context);
      if (batchItemFailures.length > 0) throw new Error('the event was not settled');
    });
    const plain = await timed(() => plainPut(stage.frontend, body));
    if (round < 3) continue;
    ratios.push(mine / plain);
    times.push(mine);
  }
  const seconds = median(times) / 1000;
  const name = `${sample.rows} records of ${size} bytes`;
  say(
    `${name}: handler / plain PUT, wall time`,
    `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
  );
  say(
    `${name}: handler`,
    `${Math.round(sample.rows / seconds).toLocaleString('en-US')} records/s, ${(sample.body.length / seconds / 1e6).toFixed(1)} MB/s`,
  );
}

/** Calls and loads of a stream that comes in batches of a thousand, one shard. */
async function calls(stage: Stage, handler: Handler): Promise<void> {
  const before = new Map(stage.calls);
  const { event, rows } = largestEvent(340);
  const { Records } = event as { readonly Records: readonly object[] };
  let batches = 0;
  for (let at = 0; at + 1000 <= rows; at += 1000, batches++) await handler({ Records: Records.slice(at, at + 1000) }, context);
  for (const operation of ['UpdateItem', 'GetItem']) {
    const count = (stage.calls.get(operation) ?? 0) - (before.get(operation) ?? 0);
    say(`batches of 1,000 records: DynamoDB ${operation} per 1,000 records`, (count / batches).toFixed(2));
  }
  say('batches of 1,000 records: Doris loads per 1,000 records', '1.00 (one batch, one load)');
}

/** Not in step with this process, which serves what the other one calls. */
async function inOwnProcess(stage: Stage, flags: readonly string[], args: readonly string[]): Promise<number> {
  const node = process.env['LOADER_NODE'] ?? process.execPath;
  const { stdout } = await promisify(execFile)(node, [...flags, ONCE, ...args], { env: { ...process.env, ...stage.env }, timeout: 60_000 });
  return Number(stdout);
}

async function memory(stage: Stage): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'loader-bench-'));
  const peaks: number[] = [];
  for (let round = 0; round < 5; round++) {
    const file = join(folder, 'event.json');
    writeFileSync(file, JSON.stringify(largestEvent(340).event));
    peaks.push((await inOwnProcess(stage, ['--expose-gc'], ['memory', BUNDLE, file])) / statSync(file).size);
  }
  rmSync(folder, { recursive: true });
  say('6 MB event: peak memory above idle / size of the event', median(peaks).toFixed(1));
}

async function bundle(stage: Stage): Promise<void> {
  const bytes = readFileSync(BUNDLE);
  say('bundle', `${Math.round(bytes.length / 1024)} KiB, ${Math.round(gzipSync(bytes).length / 1024)} KiB packed`);
  const times: number[] = [];
  for (let round = 0; round < 9; round++) times.push(await inOwnProcess(stage, [], ['import', BUNDLE]));
  say('import of the bundle, warm disk cache', `${median(times).toFixed(0)} ms`);
}

// The SDK would warn of Node 20 in the middle of the figures.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
await bundleFunctions();
const stage = await openStage();
Object.assign(process.env, stage.env);
const { handler } = (await import(pathToFileURL(BUNDLE).href)) as { readonly handler: Handler };
say(`node ${process.version}, ${ROUNDS} rounds each, medians`, '');
for (const size of [100, 340, 1000, 10_000]) await speed(stage, handler, size);
await calls(stage, handler);
await memory(stage);
await bundle(stage);
closePlainPut();
await stage.close();
// The handler keeps its connections for the next invocation, as in Lambda.
process.exit(0);
