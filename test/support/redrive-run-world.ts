import { memoryBreaker } from '../../lib/breaker.ts';
import type { DeadLetter } from '../../lib/dead-letter/letter.ts';
import { inlineBody, messageOf } from '../../lib/dead-letter/message.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { loadBatch } from '../../lib/pipeline.ts';
import type { Routing } from '../../lib/plan/route.ts';
import type { RedriveRules } from '../../lib/redrive/letters.ts';
import type { RunReport } from '../../lib/redrive/report.ts';
import { type RunOptions, redriveQueue } from '../../lib/redrive/run.ts';
import { type DecodeRules, decodeKinesisEvent } from '../../lib/source/kinesis.ts';
import { bytesOf } from '../../lib/source/slice.ts';
import { hours, mebibytes, seconds } from '../../lib/units.ts';
import { kinesisEvent, SHARD_ID, STREAM_ARN } from './builders.ts';
import { type MemoryLedger, memoryLedger } from './memory-ledger.ts';
import { memoryQueue } from './memory-queue.ts';
import { type MemoryStream, memoryStream } from './memory-stream.ts';
import { portsOf, REDRIVE_RULES, type RedriveWorld, redriveWorld } from './redrive-world.ts';
import { INVOCATION, type Kill, mortalCall, RULES } from './world.ts';

/** For so long letters in the hands of a run that was killed stay hidden. */
export const HOLD = seconds(300);

const DECODE: DecodeRules = { maxRowBytes: mebibytes(1), maxBatchBytes: mebibytes(10), keepFields: [] };

/** A record of the shard by its number, and its payload when that is not `{"n":<number>}`. */
export interface Numbered {
  readonly n: number;
  readonly data?: string;
}

/** A redrive's world with a queue of letters, a stream, and the loader that they are of. */
export interface RedriveRunWorld extends RedriveWorld {
  readonly queue: ReturnType<typeof memoryQueue>;
  readonly stream: MemoryStream;
  readonly checkpoints: MemoryLedger;
  /** Which table takes what, for loader and redrive; may be changed at any time. */
  routing: Routing;
  send(letter: DeadLetter): void;
  /** What Lambda leaves in a bucket of a batch that it gave up: the event as a text. */
  sendExpired(records: readonly Numbered[]): void;
  /** What it leaves in a queue: positions only. */
  tellExpired(records: readonly Numbered[]): void;
  /** Lets the loader take a batch. */
  deliver(records: readonly Numbered[]): Promise<void>;
  run(options?: Partial<RunOptions>, kill?: Kill, rules?: Partial<RedriveRules>): Promise<RunReport>;
}

export function redriveRunWorld(): RedriveRunWorld {
  const world = redriveWorld();
  const queue = memoryQueue(world.clock);
  const stream = memoryStream();
  const checkpoints = memoryLedger();
  const breaker = memoryBreaker(world.clock);
  const send = (letter: DeadLetter): void => {
    const { MessageBody, MessageAttributes } = messageOf(letter, inlineBody(bytesOf(letter.record.payload)));
    const texts = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]);
    queue.send(MessageBody, Object.fromEntries(texts));
  };
  const told = (records: readonly Numbered[], more: object): void => queue.send(JSON.stringify({ ...expired(records), ...more }));
  const whole: RedriveRunWorld = Object.assign(world, {
    queue,
    stream,
    checkpoints,
    routing: RULES.routing,
    send,
    sendExpired: (records: readonly Numbered[]) => told(records, { payload: JSON.stringify(eventOf(records)) }),
    tellExpired: (records: readonly Numbered[]) => told(records, {}),
    deliver: async (records: readonly Numbered[]) => {
      const ports = { ...world, ledger: checkpoints, breaker, telemetry: { record: () => {} } };
      const deadLetters = { send: async (letters: readonly DeadLetter[]) => letters.forEach(send) };
      for (const batch of decodeKinesisEvent(eventOf(records), DECODE))
        await loadBatch(batch, { ...ports, deadLetters }, { ...RULES, routing: whole.routing }, deadlineIn(INVOCATION, world.clock));
    },
    run: async (options: Partial<RunOptions> = {}, kill?: Kill, rules: Partial<RedriveRules> = {}) => {
      const call = mortalCall(world, kill);
      const { take, remove, release } = queue.open(HOLD);
      return await redriveQueue({
        redrive: { ports: portsOf(world, call), rules: { ...REDRIVE_RULES, ...rules }, deadline: deadlineIn(hours(1), world.clock) },
        queue: {
          take: (...args) => call(() => take(...args)),
          remove: (...args) => call(() => remove(...args)),
          release: () => call(release),
        },
        sources: {
          streams: { client: stream.client, clock: world.clock },
          checkpoints: { read: (key) => call(() => checkpoints.read(key)), move: (...args) => call(() => checkpoints.move(...args)) },
        },
        prepare: { routing: whole.routing, decode: DECODE },
        options: { where: [], dryRun: false, ...options },
        tryRecords: async (records) => new Map(records.map((ready) => [ready, { kind: 'loaded', before: false }])),
        deadLetters: { send: (letters) => call(async () => letters.forEach(send)) },
      });
    },
  });
  return whole;
}

const sequenceNumberOf = ({ n }: Numbered): string => String(1_000 + n);

/** Lambda's event of records. */
function eventOf(records: readonly Numbered[]) {
  return kinesisEvent(records.map((one) => ({ data: one.data ?? `{"n":${one.n}}`, sequenceNumber: sequenceNumberOf(one) })));
}

function expired(records: readonly Numbered[]) {
  const numbers = records.map(sequenceNumberOf);
  return {
    requestContext: { condition: 'RetryAttemptsExhausted' },
    KinesisBatchInfo: {
      shardId: SHARD_ID,
      startSequenceNumber: numbers[0],
      endSequenceNumber: numbers.at(-1),
      batchSize: numbers.length,
      streamArn: STREAM_ARN,
    },
  };
}
