import { createWriteStream, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleFunctions } from '../../infra/bundle.ts';
import { SqlError, sqlReason } from '../doris/engine.ts';
import type { MappingEvent } from '../event-source-mapping/events.ts';
import { type EventSourceMapping, startEventSourceMapping } from '../event-source-mapping/kinesis.ts';
import { type FunctionHost, startFunctionHost } from '../function-process/host.ts';
import { InputError } from '../input-error.ts';
import { type DataSet, dataSets, isPositioned, POSITION_COLUMNS } from './data-set.ts';
import { readDeadLetters } from './dead-letters.ts';
import { type Damage, damage } from './faults.ts';
import { type IggyLane, startIggyLane } from './iggy.ts';
import { type Interruption, whenInterrupted } from './interruption.ts';
import type { DemoOptions } from './options.ts';
import { DEMO_MAX_ROW_BYTES, poisonRecords } from './poison.ts';
import { endpointsText, resultText } from './print.ts';
import { produceSets } from './produce.ts';
import { type Progress, watchProgress } from './progress.ts';
import { examine } from './report.ts';
import { DATABASE, STREAM, type Stack, startStack } from './stack.ts';
import { type StallWatch, watchForStall } from './stall.ts';

const BUNDLE = fileURLToPath(new URL('../../dist/functions/kinesis-loader/index.mjs', import.meta.url));
const LOG = fileURLToPath(new URL('../../dist/kinesis-loader.log', import.meta.url));
/** What the command line takes as `--config`. */
const SETTINGS = fileURLToPath(new URL('../../dist/loader.env', import.meta.url));
const LOG_NAME = relative(process.cwd(), LOG);
/** From the beginning of the run. */
const RECONCILE = `npx doris-loader reconcile --stream ${STREAM} --from ${new Date().toISOString()} --config dist/loader.env`;
const FUNCTION_TIMEOUT_MS = 20_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Runs the main job on this machine and proves with queries what became of every record. @returns the exit code.
 * @throws {InputError} when the files that were named cannot be used.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const interrupted = whenInterrupted();
  const sets = await dataSets(options);
  const unused = Object.keys(process.env).filter((name) => name.startsWith('DORIS_'));
  if (unused.length > 0) say(`not used: ${unused.join(', ')}; here the function has settings of its own`);
  say('building dist/functions');
  await bundleFunctions();
  say(`starting Kinesis (${options.shards} shards), DynamoDB, SQS and the Doris stand-in on 127.0.0.1; the function's log: ${LOG_NAME}`);
  const stack = await startStack(options.shards);
  try {
    const outcome = await run(stack, { options, sets }, interrupted);
    return typeof outcome === 'boolean' ? Number(!outcome) : goodbye(outcome);
  } finally {
    await stack.close();
  }
}

function goodbye({ signal, exitCode }: Interruption): number {
  say(`\n${signal}: ending everything`);
  return exitCode;
}

/** What is carried, and how. */
interface Job {
  readonly options: DemoOptions;
  readonly sets: readonly DataSet[];
}

/** @returns whether every record arrived as it should, unless it was interrupted. */
async function run(stack: Stack, job: Job, interrupted: Promise<Interruption>): Promise<boolean | Interruption> {
  const { options, sets } = job;
  for (const { name, createTable } of sets) await stack.doris.query(createTable, DATABASE).catch((error) => refusedTable(name, error));
  const log = createWriteStream(LOG);
  const stall = watchForStall();
  const onOutput = (text: string): void => {
    log.write(`${text}\n`);
    stall.readLine(text);
  };
  const functions = startFunctionHost({
    name: 'kinesis-loader',
    bundle: BUNDLE,
    env: { ...stack.env, ...settingsFor(job) },
    timeoutMillis: FUNCTION_TIMEOUT_MS,
    concurrency: options.shards,
    onOutput: ({ text }) => onOutput(text),
  });
  const progress = watchProgress(stack, sets, { why: stall.why });
  const hosts: FunctionHost[] = [functions];
  const harm = options.faults
    ? damage(stack.doris, { kill: async () => void (await Promise.all(hosts.map((host) => host.kill()))) }, options.seed)
    : undefined;
  const watched = { progress, harm, stall };
  const mapping = await mappingOf(stack, options, { functions, ...watched });
  const iggy = options.source === 'kinesis' ? undefined : await iggyOf(stack, job, { ...watched, onOutput });
  if (iggy !== undefined) hosts.push(iggy.functions);
  const running = { mapping, iggy, ...watched };
  try {
    const outcome = await Promise.race([carry(stack, job, running), stopped(running), interrupted]);
    if (typeof outcome === 'boolean' && options.keepRunning) {
      // The function stays attached: whatever is put on the stream now is loaded too.
      writeFileSync(SETTINGS, settingsText({ ...stack.env, ...settingsFor(job) }));
      say(`\n${endpointsText(stack, sets[0]?.table ?? '', iggy?.entrance)}\n\n${commandsFor(options)}`);
      goodbye(await interrupted);
    }
    return outcome;
  } finally {
    stall.stop();
    await Promise.all([progress.stop(), harm?.stop()]);
    // Both at the same time: an invocation in flight would otherwise be waited for when the run is interrupted.
    await Promise.all([mapping.stop(), functions.close(), iggy?.stop()]);
    log.end();
  }
}

/** What to try on the command line. */
function commandsFor(options: DemoOptions): string {
  const commands = ['status', 'dead-letters summary'].map((command) => `npx doris-loader ${command} --config dist/loader.env`);
  return [...commands, ...(isPositioned(options) && options.source !== 'iggy' ? [RECONCILE] : [])].join('\n');
}

/** A statement that can be read may still name what the stand-in does not have. */
function refusedTable(name: string, error: unknown): never {
  if (!(error instanceof SqlError)) throw error;
  throw new InputError(`the table for ${name} was refused: ${sqlReason(error)}`, { cause: error });
}

/** @returns false, when it does not get on. */
async function stopped({ stall, progress, harm }: Running): Promise<false> {
  const why = await stall.stalled;
  await Promise.all([progress.stop(), harm?.stop()]);
  say(`\nSTOPPED: ${why}\nwhere to look next: the function's log in ${LOG_NAME}; "When something is wrong" in README.md`);
  return false;
}

interface Running {
  readonly mapping: EventSourceMapping;
  /** The other way, when data goes over it. */
  readonly iggy: IggyLane | undefined;
  readonly progress: Progress;
  readonly harm: Damage | undefined;
  readonly stall: StallWatch;
}

function mappingOf(
  stack: Stack,
  options: DemoOptions,
  { functions, progress, harm, stall }: Omit<Running, 'mapping' | 'iggy'> & { readonly functions: FunctionHost },
): Promise<EventSourceMapping> {
  return startEventSourceMapping({
    kinesis: stack.kinesis,
    stream: STREAM,
    function: functions,
    batchSize: 10_000,
    batchingWindowSeconds: 1,
    observe: tellAll({ progress, harm, stall }),
    ...(options.faults ? { redeliver: { seed: options.seed, probability: 0.2 } } : {}),
  });
}

type Watched = Pick<Running, 'progress' | 'harm' | 'stall'>;

function tellAll({ progress, harm, stall }: Watched): (event: MappingEvent) => void {
  return (event) => {
    progress.observe(event);
    stall.observe(event);
    harm?.observe(event);
  };
}

function iggyOf(stack: Stack, job: Job, watched: Watched & { readonly onOutput: (text: string) => void }): Promise<IggyLane> {
  const { faults, seed, shards } = job.options;
  return startIggyLane(stack, {
    env: { ...stack.env, ...settingsFor(job) },
    timeoutMillis: FUNCTION_TIMEOUT_MS,
    concurrency: shards,
    faults,
    seed,
    onOutput: watched.onOutput,
    observe: tellAll(watched),
  });
}

async function carry(stack: Stack, { options, sets }: Job, running: Running): Promise<boolean> {
  const { records, input, source } = options;
  const { mapping, iggy, progress, harm, stall } = running;
  const poison = input === undefined ? poisonRecords(source === 'iggy' ? 'iggy' : 'kinesis', isPositioned(options)) : [];
  const started = performance.now();
  const onSent = (count: number): void => {
    progress.sent(count);
    stall.moved();
  };
  const byIggy = source === 'iggy' ? sets : sets.slice(1);
  const overIggy = iggy === undefined ? [] : byIggy;
  const overKinesis = sets.filter((dataSet) => !overIggy.includes(dataSet));
  const first = await produceSets(stack.kinesis, STREAM, overKinesis, { poison: source === 'iggy' ? [] : poison, about: records, onSent });
  const before = first.reduce((sum, { count }) => sum + count, 0);
  const rest = { poison: source === 'iggy' ? poison : [], about: records, onSent: (count: number) => onSent(before + count) };
  const sent = [...first, ...((await iggy?.produce(overIggy, rest)) ?? [])];
  await Promise.all([mapping.drained(), iggy?.drained()]);
  stall.stop();
  const damaged = (await harm?.stop()) ?? new Map<string, number>();
  await untilVisible(stack);
  const seconds = (performance.now() - started) / 1000;
  await progress.stop();
  const read = await readDeadLetters(stack.sqs, stack.deadLetterQueueUrl);
  const letters = iggy?.named(read) ?? read;
  const result = await examine(stack.doris, sent, poison, letters);
  const figures = { seconds, letters: letters.length, loads: loadsIn(stack), ...progress.figures() };
  say(`\n${resultText(result, figures, damaged)}`);
  say(`\nwhere to look next: the function's log in ${LOG_NAME}; npm start -- --help; README.md`);
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
function settingsFor({ options, sets }: Job): Record<string, string> {
  const [first, ...others] = sets.map(({ table }) => table);
  return {
    DORIS_TABLE: first ?? '',
    DORIS_ROUTES: JSON.stringify(others.map((table) => ({ field: 'type', equals: 'Feature', table }))),
    // The demo's poison is poison even where it is most of a short run.
    ...(isPositioned(options) ? { DORIS_POSITION_COLUMNS: POSITION_COLUMNS } : {}),
    ...(options.input === undefined ? { MAX_ROW_BYTES: String(DEMO_MAX_ROW_BYTES), POISON_FUSE_SHARE: '1' } : {}),
  };
}

function loadsIn({ doris }: Stack): number {
  return doris.transactions(DATABASE).filter(({ state }) => state === 'VISIBLE' || state === 'COMMITTED').length;
}

function settingsText(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
