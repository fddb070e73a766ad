import { createWriteStream } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleFunctions } from '../infra/bundle.ts';
import { type DataSet, dataSets, type OutgoingRecord } from './demo/data-set.ts';
import { readDeadLetters } from './demo/dead-letters.ts';
import { damage } from './demo/faults.ts';
import { type DemoOptions, readOptions, USAGE } from './demo/options.ts';
import { DEMO_MAX_ROW_BYTES, type PoisonRecord, poisonRecords } from './demo/poison.ts';
import { type RunFigures, resultText } from './demo/print.ts';
import { mixedIn, oneAfterAnother, produce } from './demo/produce.ts';
import { watchProgress } from './demo/progress.ts';
import { examine } from './demo/report.ts';
import { DATABASE, STREAM, type Stack, startStack } from './demo/stack.ts';
import { type EventSourceMapping, startEventSourceMapping } from './event-source-mapping/kinesis.ts';
import { type FunctionHost, startFunctionHost } from './function-process/host.ts';

const BUNDLE = fileURLToPath(new URL('../dist/functions/kinesis-loader/index.mjs', import.meta.url));
const LOG = fileURLToPath(new URL('../dist/kinesis-loader.log', import.meta.url));
const FUNCTION_TIMEOUT_MS = 20_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs the main job on this machine and proves with queries what became of every record. @returns the exit code. */
async function main(options: DemoOptions): Promise<number> {
  say('building dist/functions/kinesis-loader');
  await bundleFunctions();
  say(`starting Kinesis (${options.shards} shards), DynamoDB, SQS and the Doris stand-in on 127.0.0.1`);
  const stack = await startStack(options.shards);
  try {
    const passed = await run(stack, options);
    if (options.keepRunning) await stayUp(stack);
    return passed ? 0 : 1;
  } finally {
    await stack.close();
  }
}

async function run(stack: Stack, options: DemoOptions): Promise<boolean> {
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
  const mapping = await startEventSourceMapping({
    kinesis: stack.kinesis,
    stream: STREAM,
    function: functions,
    batchSize: 10_000,
    batchingWindowSeconds: 1,
    observe: progress.observe,
    ...(options.faults ? { redeliver: { seed: options.seed, probability: 0.2 } } : {}),
  });
  try {
    return await carry(stack, options, sets, { functions, mapping, progress });
  } finally {
    progress.stop();
    await mapping.stop();
    await functions.close();
    log.end();
  }
}

interface Running {
  readonly functions: FunctionHost;
  readonly mapping: EventSourceMapping;
  readonly progress: ReturnType<typeof watchProgress>;
}

async function carry(
  stack: Stack,
  options: DemoOptions,
  sets: readonly DataSet[],
  { functions, mapping, progress }: Running,
): Promise<boolean> {
  const poison = options.input === undefined ? poisonRecords() : [];
  const started = performance.now();
  const harm = options.faults ? damage(stack.doris, functions, options.seed) : undefined;
  const sent = await send(stack, options, sets, poison, progress.sent);
  await mapping.drained();
  const damaged = (await harm?.stop()) ?? new Map<string, number>();
  const seconds = (performance.now() - started) / 1000;
  progress.stop();
  const letters = await readDeadLetters(stack.sqs, stack.deadLetterQueueUrl);
  const result = await examine(stack.doris, sent, poison, letters);
  const figures: RunFigures = { seconds, letters: letters.length, loads: loadsIn(stack), ...progress.figures() };
  say(
    `\n${resultText(result, figures, damaged)}\n\nwhere to look next: the function's log in ${relative(process.cwd(), LOG)}; npm start -- --help; README.md`,
  );
  return result.faults.length === 0;
}

/** Sends the data sets, poison mixed in. @returns how many records of each set were sent. */
async function send(
  stack: Stack,
  { records }: DemoOptions,
  sets: readonly DataSet[],
  poison: readonly PoisonRecord[],
  onSent: (count: number) => void,
) {
  const counts = sets.map((dataSet) => ({ dataSet, count: 0 }));
  async function* counted(entry: { readonly dataSet: DataSet; count: number }): AsyncGenerator<OutgoingRecord> {
    for await (const record of entry.dataSet.records()) {
      entry.count++;
      yield record;
    }
  }
  await produce(stack.kinesis, STREAM, mixedIn(oneAfterAnother(counts.map(counted)), poison, records), onSent);
  return counts;
}

/** Earthquakes are GeoJSON features; everything else goes to the first table. */
function routesFor(sets: readonly DataSet[]): Record<string, string> {
  const [first, ...others] = sets.map(({ table }) => table);
  return { DORIS_TABLE: first ?? '', DORIS_ROUTES: JSON.stringify(others.map((table) => ({ field: 'type', equals: 'Feature', table }))) };
}

function loadsIn({ doris }: Stack): number {
  return doris.transactions(DATABASE).filter(({ state }) => state === 'VISIBLE' || state === 'COMMITTED').length;
}

async function stayUp({ doris, env, deadLetterQueueUrl }: Stack): Promise<void> {
  say(
    `\nup until Ctrl-C. For any AWS SDK or the AWS CLI:\n${Object.entries(env)
      .filter(([name]) => name.startsWith('AWS_'))
      .map(([name, value]) => `export ${name}=${value}`)
      .join('\n')}`,
  );
  say(`\nstream ${STREAM}, dead letters ${deadLetterQueueUrl}\nDoris: ${doris.feUrl}, user ${doris.user}, password ${doris.password}`);
  say(
    `curl -u ${doris.user}:${doris.password} -H 'Content-Type: application/json' -d '{"stmt":"SELECT COUNT(*) FROM flights"}' ${doris.feUrl}/api/query/internal/${DATABASE}`,
  );
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
}

let options: DemoOptions;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}\n`);
  process.exit(2);
}
if (options.help) say(USAGE);
else process.exitCode = await main(options);
