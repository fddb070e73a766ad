import { createWriteStream } from 'node:fs';
import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleFunctions } from '../../infra/bundle.ts';
import { type EventSourceMapping, startEventSourceMapping } from '../event-source-mapping/kinesis.ts';
import { type FunctionHost, startFunctionHost } from '../function-process/host.ts';
import { type DataSet, dataSets } from './data-set.ts';
import { readDeadLetters } from './dead-letters.ts';
import { type Damage, damage } from './faults.ts';
import { type Interruption, whenInterrupted } from './interruption.ts';
import type { DemoOptions } from './options.ts';
import { DEMO_MAX_ROW_BYTES, poisonRecords } from './poison.ts';
import { endpointsText, resultText } from './print.ts';
import { produceSets } from './produce.ts';
import { type Progress, watchProgress } from './progress.ts';
import { examine } from './report.ts';
import { DATABASE, STREAM, type Stack, startStack } from './stack.ts';

const BUNDLE = fileURLToPath(new URL('../../dist/functions/kinesis-loader/index.mjs', import.meta.url));
const LOG = fileURLToPath(new URL('../../dist/kinesis-loader.log', import.meta.url));
const FUNCTION_TIMEOUT_MS = 20_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs the main job on this machine and proves with queries what became of every record. @returns the exit code. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const interrupted = whenInterrupted();
  say('building dist/functions/kinesis-loader');
  await bundleFunctions();
  say(`starting Kinesis (${options.shards} shards), DynamoDB, SQS and the Doris stand-in on 127.0.0.1`);
  const stack = await startStack(options.shards);
  try {
    const outcome = await run(stack, options, interrupted);
    return typeof outcome === 'boolean' ? Number(!outcome) : goodbye(outcome);
  } finally {
    await stack.close();
  }
}

function goodbye({ signal, exitCode }: Interruption): number {
  say(`\n${signal}: ending everything`);
  return exitCode;
}

/** @returns whether every record arrived as it should, unless it was interrupted. */
async function run(stack: Stack, options: DemoOptions, interrupted: Promise<Interruption>): Promise<boolean | Interruption> {
  const sets = await dataSets(options);
  for (const { createTable } of sets) await stack.doris.query(createTable, DATABASE);
  const log = createWriteStream(LOG);
  const functions = startFunctionHost({
    name: 'kinesis-loader',
    bundle: BUNDLE,
    env: { ...stack.env, ...routesFor(sets), MAX_ROW_BYTES: String(DEMO_MAX_ROW_BYTES) },
    timeoutMillis: FUNCTION_TIMEOUT_MS,
    concurrency: options.shards,
    onOutput: ({ text }) => log.write(`${text}\n`),
  });
  const progress = watchProgress(stack, sets);
  const harm = options.faults ? damage(stack.doris, functions, options.seed) : undefined;
  const mapping = await mappingOf(stack, options, { functions, progress, harm });
  try {
    const outcome = await Promise.race([carry(stack, options, sets, { mapping, progress, harm }), interrupted]);
    if (typeof outcome === 'boolean' && options.keepRunning) {
      // The function stays attached: whatever is put on the stream now is loaded too.
      say(`\n${endpointsText(stack)}`);
      goodbye(await interrupted);
    }
    return outcome;
  } finally {
    await Promise.all([progress.stop(), harm?.stop()]);
    // Both at the same time: an invocation in flight would otherwise be waited for when the run is interrupted.
    await Promise.all([mapping.stop(), functions.close()]);
    log.end();
  }
}

interface Running {
  readonly mapping: EventSourceMapping;
  readonly progress: Progress;
  readonly harm: Damage | undefined;
}

function mappingOf(
  stack: Stack,
  options: DemoOptions,
  { functions, progress, harm }: Omit<Running, 'mapping'> & { readonly functions: FunctionHost },
): Promise<EventSourceMapping> {
  return startEventSourceMapping({
    kinesis: stack.kinesis,
    stream: STREAM,
    function: functions,
    batchSize: 10_000,
    batchingWindowSeconds: 1,
    observe: (event) => {
      progress.observe(event);
      harm?.observe(event);
    },
    ...(options.faults ? { redeliver: { seed: options.seed, probability: 0.2 } } : {}),
  });
}

async function carry(
  stack: Stack,
  { records, input }: DemoOptions,
  sets: readonly DataSet[],
  { mapping, progress, harm }: Running,
): Promise<boolean> {
  const poison = input === undefined ? poisonRecords() : [];
  const started = performance.now();
  const sent = await produceSets(stack.kinesis, STREAM, sets, { poison, about: records, onSent: progress.sent });
  await mapping.drained();
  const damaged = (await harm?.stop()) ?? new Map<string, number>();
  await untilVisible(stack);
  const seconds = (performance.now() - started) / 1000;
  await progress.stop();
  const letters = await readDeadLetters(stack.sqs, stack.deadLetterQueueUrl);
  const result = await examine(stack.doris, sent, poison, letters);
  const figures = { seconds, letters: letters.length, loads: loadsIn(stack), ...progress.figures() };
  say(`\n${resultText(result, figures, damaged)}`);
  say(`\nwhere to look next: the function's log in ${relative(process.cwd(), LOG)}; npm start -- --help; README.md`);
  return result.faults.length === 0;
}

const VISIBLE_WITHIN_MS = 30_000;

/** Doris may answer Publish Timeout: such a load is committed, and its rows show up a little later. */
async function untilVisible({ doris }: Stack): Promise<void> {
  const end = performance.now() + VISIBLE_WITHIN_MS;
  const isPublishing = () => doris.transactions(DATABASE).some(({ state }) => state === 'COMMITTED');
  while (isPublishing() && performance.now() < end) await sleep(20);
}

/** Earthquakes are GeoJSON features; everything else goes to the first table. */
function routesFor(sets: readonly DataSet[]): Record<string, string> {
  const [first, ...others] = sets.map(({ table }) => table);
  return { DORIS_TABLE: first ?? '', DORIS_ROUTES: JSON.stringify(others.map((table) => ({ field: 'type', equals: 'Feature', table }))) };
}

function loadsIn({ doris }: Stack): number {
  return doris.transactions(DATABASE).filter(({ state }) => state === 'VISIBLE' || state === 'COMMITTED').length;
}
