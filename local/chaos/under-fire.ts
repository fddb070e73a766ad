import { setTimeout as sleep } from 'node:timers/promises';
import { REQUEST_FAULTS } from '../demo/faults.ts';
import { DATABASE, STREAM, type Stack } from '../demo/stack.ts';
import type { Fault } from '../doris/faults.ts';
import type { MappingEvent } from '../event-source-mapping/events.ts';
import { type EventSourceMapping, startEventSourceMapping } from '../event-source-mapping/kinesis.ts';
import { createSignal } from '../event-source-mapping/signal.ts';
import type { FunctionHost } from '../function-process/host.ts';
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts';
import { mergeShards, splitShard } from './reshard.ts';
import type { Stroke } from './script.ts';

/** A stack whose every part can be struck. */
export interface UnderFire {
  /** The environment of the function: its DynamoDB and SQS stand behind the proxies. */
  readonly env: Readonly<Record<string, string>>;
  /** Attaches the function to the stream, with bad luck in its deliveries. */
  attach(functions: FunctionHost, observe: (event: MappingEvent) => void): Promise<void>;
  strike(stroke: Stroke): Promise<void>;
  /** Transactions of somebody else in the same database, which push labels out of Doris's memory. */
  neighbours(): number;
  /** No request meets a fault any more. @returns how often each fault of a request struck */
  calm(): ReadonlyMap<string, number>;
  drained(): Promise<void>;
  detach(): Promise<void>;
  close(): Promise<void>;
}

/** Beside those of `npm start -- --faults`. */
const MORE_REQUEST_FAULTS: readonly Fault[] = [
  { at: 'fe.connect', probability: 0.02, action: { kind: 'reset' } },
  { at: 'fe.redirect', probability: 0.02, action: { kind: 'no-backend' } },
  { at: 'be.header', probability: 0.03, action: { kind: 'respond', status: 503 } },
  { at: 'be.continue', probability: 0.02, action: { kind: 'skip-continue' } },
  { at: 'be.body', probability: 0.03, action: { kind: 'restart-backend' } },
  { at: 'be.before-commit', probability: 0.04, action: { kind: 'lock-label', ms: 600, becomes: 'ABORTED' } },
  { at: 'be.before-commit', probability: 0.01, action: { kind: 'hang' } },
  { at: 'be.after-commit', probability: 0.01, action: { kind: 'hang' } },
  { at: 'be.before-commit', probability: 0.1, action: { kind: 'delay', ms: 300 } },
  { at: 'be.after-commit', probability: 0.1, action: { kind: 'delay', ms: 600 } },
  { at: 'be.after-commit', probability: 0.02, action: { kind: 'fail', message: '[DATA_QUALITY_ERROR]too many filtered rows' } },
  { at: 'be.reply', probability: 0.03, action: { kind: 'respond', status: 502 } },
];

const LEDGER_FAULTS = 0.08;
/** Letters are few, so each is in more danger. */
const QUEUE_FAULTS = 0.25;
const REDELIVERY = 0.25;
const NEIGHBOUR = 'neighbour';
const BATCH_WITHIN_MS = 2000;
/** Of loads and neighbours together, over any few seconds: what an operator would have to tell the function. */
const MOST_TRANSACTIONS_A_SECOND = 60;

/** Puts the faults in place. Doris's strike from here on, the others when the function is attached. */
export async function startUnderFire(stack: Stack, seed: number): Promise<UnderFire> {
  const { doris } = stack;
  const dynamoDb = await startFaultyProxy({
    target: stack.aws.dynamoDb.endpoint,
    seed: seed + 1,
    probability: LEDGER_FAULTS,
    throttling: 'ProvisionedThroughputExceededException',
  });
  const sqs = await startFaultyProxy({
    target: stack.aws.sqs.endpoint,
    seed: seed + 2,
    probability: QUEUE_FAULTS,
    throttling: 'RequestThrottled',
  });
  await doris.query(
    `CREATE TABLE ${NEIGHBOUR} (n BIGINT) DUPLICATE KEY(n) DISTRIBUTED BY HASH(n) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
    DATABASE,
  );
  if (stack.isStandIn) {
    doris.faults.seed(seed);
    for (const fault of [...REQUEST_FAULTS, ...MORE_REQUEST_FAULTS]) doris.faults.add(fault);
  }
  const lane = mappingOf(stack, seed);
  let neighbours = 0;

  return {
    env: {
      ...stack.env,
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
      DATABASE_TRANSACTIONS_PER_SECOND: String(MOST_TRANSACTIONS_A_SECOND),
      DEAD_LETTER_QUEUE_URL: `${sqs.endpoint}${new URL(stack.deadLetterQueueUrl).pathname}`,
    },
    attach: (functions, observe) => lane.attach(functions, observe),
    async strike(stroke) {
      await strike(stack, lane, stroke);
      if (stroke.kind === 'unrelated loads') neighbours += stroke.count;
    },
    neighbours: () => neighbours,
    calm() {
      dynamoDb.calm();
      sqs.calm();
      const tally = new Map([...named('DynamoDB', dynamoDb), ...named('SQS', sqs)]);
      for (const { place, action } of doris.faults.struck()) {
        const what = `Doris: ${action.kind} at ${place.point}`;
        tally.set(what, (tally.get(what) ?? 0) + 1);
      }
      doris.faults.clear();
      return tally;
    },
    drained: () => lane.current().drained(),
    detach: () => lane.current().stop(),
    close: async () => {
      await Promise.all([dynamoDb.close(), sqs.close()]);
    },
  };
}

function named(service: string, proxy: FaultyProxy): (readonly [string, number])[] {
  return [...proxy.struck()].map(([kind, times]) => [`${service}: ${kind}`, times]);
}

interface Lane {
  attach(functions: FunctionHost, observe: (event: MappingEvent) => void): Promise<void>;
  current(): EventSourceMapping;
  functions(): FunctionHost;
  /** Resolves when the next batch has set out, or after a while without one. */
  nextBatch(): Promise<void>;
  /** The mapping ends and another one begins at the oldest record. */
  again(): Promise<void>;
}

function mappingOf({ kinesis }: Stack, seed: number): Lane {
  let attached:
    | { readonly mapping: EventSourceMapping; readonly functions: FunctionHost; readonly observe: (event: MappingEvent) => void }
    | undefined;
  let times = 0;
  const onBatch = createSignal();
  const now = () => {
    if (attached === undefined) throw new Error('the function is not attached');
    return attached;
  };
  async function attach(functions: FunctionHost, observe: (event: MappingEvent) => void): Promise<void> {
    times += 1;
    const mapping = await startEventSourceMapping({
      kinesis,
      stream: STREAM,
      function: functions,
      batchSize: 1000,
      batchingWindowSeconds: 1,
      bisectOnFunctionError: true,
      redeliver: { seed: seed + times, probability: REDELIVERY },
      discoveryIntervalMillis: 300,
      observe(event) {
        if (event.kind === 'batch') onBatch.notify();
        observe(event);
      },
    });
    attached = { mapping, functions, observe };
  }
  return {
    attach,
    current: () => now().mapping,
    functions: () => now().functions,
    nextBatch: () => onBatch.wait(BATCH_WITHIN_MS),
    async again() {
      const { mapping, functions, observe } = now();
      await mapping.stop();
      await attach(functions, observe);
    },
  };
}

async function strike({ doris, kinesis }: Stack, lane: Lane, stroke: Stroke): Promise<void> {
  switch (stroke.kind) {
    case 'function killed':
      await lane.nextBatch();
      await sleep(stroke.afterMs);
      return lane.functions().kill();
    case 'Doris restarted':
      return doris.restart();
    case 'frontend down':
      return downFor(doris, 'fe', stroke.forMs);
    case 'backend down':
      return downFor(doris, 'be0', stroke.forMs);
    case 'unrelated loads':
      for (let n = 0; n < stroke.count; n++) await doris.query(`INSERT INTO ${NEIGHBOUR} VALUES (${n})`, DATABASE);
      return;
    case 'shard split':
      return splitShard(kinesis, STREAM);
    case 'shards merged':
      return mergeShards(kinesis, STREAM);
    case 'stream read again from its start':
      return lane.again();
    default:
      return stroke satisfies never;
  }
}

async function downFor(doris: Stack['doris'], node: 'fe' | 'be0', ms: number): Promise<void> {
  await doris.stop(node);
  await sleep(ms);
  await doris.start(node);
}
