import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readDeadLetters } from '../demo/dead-letters.ts';
import { putRecords } from '../demo/produce.ts';
import { DATABASE, type GivenParts, STREAM, type Stack, startStack } from '../demo/stack.ts';
import { type FunctionHost, startFunctionHost } from '../function-process/host.ts';
import { type Count, countRecords, rowsOf } from './count.ts';
import type { ChaosOptions } from './options.ts';
import { CREATE_TABLE, recordOf, TABLE } from './records.ts';
import { scriptOf } from './script.ts';
import { startStorm } from './storm.ts';
import { createTally, type Figures } from './tally.ts';
import { startUnderFire, type UnderFire } from './under-fire.ts';

/** What a run found out. */
export interface ChaosResult {
  readonly count: Count;
  readonly figures: Figures;
  /** How often everything struck, by what it struck. */
  readonly faults: ReadonlyMap<string, number>;
  /** Whether everything was settled within the time after the last fault. */
  readonly isDrained: boolean;
  readonly drainedAfterMs: number;
}

/** What a run tells while it lasts, and what it does not start by itself; nothing by default. */
export interface ChaosSurroundings {
  readonly given?: GivenParts;
  /** Every line that the function writes. */
  readonly line?: (text: string) => void;
  readonly phase?: (text: string) => void;
}

const BUNDLE = fileURLToPath(new URL('../../dist/functions/kinesis-loader/index.mjs', import.meta.url));
const FUNCTION_TIMEOUT_MS = 8_000;
const DRAIN_WITHIN_MS = 300_000;
const PUTS_A_SECOND = 10;

/** Sends records through the built function while everything around it fails by a script; then counts. */
export async function runChaos(options: ChaosOptions, surroundings: ChaosSurroundings = {}): Promise<ChaosResult> {
  const { line = () => undefined, phase = () => undefined, given } = surroundings;
  const stack = await startStack(options.shards, given);
  await stack.doris.query(CREATE_TABLE, DATABASE);
  const fire = await startUnderFire(stack, options.seed);
  const tally = createTally();
  const functions = startFunctionHost({
    name: 'kinesis-loader',
    bundle: BUNDLE,
    env: { ...fire.env, DORIS_TABLE: TABLE, DORIS_LOAD_MODE: options.mode },
    timeoutMillis: FUNCTION_TIMEOUT_MS,
    concurrency: options.shards + 4,
    onOutput: ({ text }) => {
      line(text);
      tally.line(text);
    },
  });
  try {
    return await storm({ stack, fire, functions, tally }, options, phase);
  } finally {
    await functions.close();
    await fire.close();
    await stack.close();
  }
}

interface Parts {
  readonly stack: Stack;
  readonly fire: UnderFire;
  readonly functions: FunctionHost;
  readonly tally: ReturnType<typeof createTally>;
}

async function storm(parts: Parts, options: ChaosOptions, phase: (text: string) => void): Promise<ChaosResult> {
  const { stack, fire, functions, tally } = parts;
  await fire.attach(functions, tally.observe);
  phase(`sending ${options.rate} records a second for ${options.seconds} s, with faults by seed ${options.seed}`);
  const blowing = startStorm(scriptOf(options.seed, options.seconds * 1000, stack.isStandIn), (stroke) => fire.strike(stroke));
  const sent = await send(stack, options);
  const strokes = await blowing.stop();
  const faults = new Map<string, number>([...strokes, ...fire.calm(), ...tally.badLuck()]);
  phase(`${sent} records sent; the faults are over, the shards drain`);
  const calmSince = performance.now();
  const isDrained = await inTime(fire.drained(), DRAIN_WITHIN_MS);
  const drainedAfterMs = performance.now() - calmSince;
  await fire.detach();
  phase('counting');
  const rows = await rowsOf(stack.doris, DATABASE, sent);
  const letters = await readDeadLetters(stack.sqs, stack.deadLetterQueueUrl);
  const figures = { ...tally.figures(), letters: letters.length, neighbours: fire.neighbours() };
  return { count: countRecords(sent, rows, letters), figures, faults, isDrained, drainedAfterMs };
}

/** Puts the records on the stream at an even rate, each exactly once. @returns how many */
async function send({ kinesis }: Stack, { seconds, rate }: ChaosOptions): Promise<number> {
  const started = performance.now();
  let sent = 0;
  for (let put = 1; put <= seconds * PUTS_A_SECOND; put++) {
    const upTo = Math.floor((put * rate) / PUTS_A_SECOND);
    const batch = Array.from({ length: upTo - sent }, (_, n) => recordOf(sent + n));
    if (batch.length > 0) await putRecords(kinesis, STREAM, batch);
    sent = upTo;
    await sleep(Math.max(0, started + (put * 1000) / PUTS_A_SECOND - performance.now()));
  }
  return sent;
}

async function inTime(done: Promise<void>, withinMs: number): Promise<boolean> {
  const stop = new AbortController();
  const late = sleep(withinMs, false, { signal: stop.signal });
  late.catch(() => undefined);
  try {
    return await Promise.race([done.then(() => true), late]);
  } finally {
    stop.abort();
    // The mapping is stopped while somebody still waits for it when the time is over.
    done.catch(() => undefined);
  }
}
