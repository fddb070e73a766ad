import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../../lib/dead-letter/letter.ts';
import { inlineBody, messageOf } from '../../../lib/dead-letter/message.ts';
import { deadlineIn } from '../../../lib/deadline.ts';
import { type RunOptions, type RunReport, redriveQueue } from '../../../lib/redrive/run.ts';
import { parseCondition } from '../../../lib/redrive/where.ts';
import { hours, mebibytes, seconds } from '../../../lib/units.ts';
import { kinesisEvent, SHARD_ID, STREAM_ARN } from '../../support/builders.ts';
import { memoryQueue } from '../../support/memory-queue.ts';
import { portsOf, REDRIVE_RULES, type RedriveWorld, redriveWorld } from '../../support/redrive-world.ts';
import { type Kill, Killed, mortalCall, RULES } from '../../support/world.ts';
import { letterOf } from '../dead-letter/letters.ts';

const HOLD = seconds(300);

/** A world with a queue of letters. */
function queueWorld(): RedriveWorld & {
  readonly queue: ReturnType<typeof memoryQueue>;
  send(letter: DeadLetter): void;
  run(options?: Partial<RunOptions>, kill?: Kill): Promise<RunReport>;
} {
  const world = redriveWorld();
  const queue = memoryQueue(world.clock);
  const send = (letter: DeadLetter): void => {
    const { MessageBody, MessageAttributes } = messageOf(letter, inlineBody(letter.record.payload));
    const texts = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]);
    queue.send(MessageBody, Object.fromEntries(texts));
  };
  const noStream = () => Promise.reject(new Error('nobody reads the stream'));
  return Object.assign(world, {
    queue,
    send,
    run: async (options: Partial<RunOptions> = {}, kill?: Kill) => {
      const call = mortalCall(world, kill);
      const { take, remove, release } = queue.open(HOLD);
      return await redriveQueue({
        redrive: { ports: portsOf(world, call), rules: REDRIVE_RULES, deadline: deadlineIn(hours(1), world.clock) },
        queue: {
          take: (...args) => call(() => take(...args)),
          remove: (...args) => call(() => remove(...args)),
          release: () => call(release),
        },
        sources: {
          streams: { client: { send: noStream } as never, clock: world.clock },
          checkpoints: { read: () => call(async () => ({})) },
        },
        prepare: { routing: RULES.routing, decode: { maxRowBytes: mebibytes(1), maxBatchBytes: mebibytes(10), keepFields: [] } },
        options: { where: [], dryRun: false, ...options },
        tryRecords: noStream,
        deadLetters: { send: (letters) => call(async () => letters.forEach(send)) },
      });
    },
  });
}

type QueueWorld = ReturnType<typeof queueWorld>;

/** The letter of record `n`, whose row is `{"n":n}`. */
function sendLetter({ send }: QueueWorld, n: number): void {
  send({ ...letterOf(`{"n":${n}}`, String(1_000 + n)), target: 'db.t' });
}

/** What Lambda leaves in a bucket of a batch that it gave up: the event as a text. */
function sendExpired(world: QueueWorld, records: readonly { readonly n: number; readonly data: string }[]): void {
  const numbered = records.map(({ n, data }) => ({ data, sequenceNumber: String(1_000 + n) }));
  world.queue.send(
    JSON.stringify({
      requestContext: { condition: 'RetryAttemptsExhausted' },
      KinesisBatchInfo: {
        shardId: SHARD_ID,
        startSequenceNumber: numbered[0]?.sequenceNumber,
        endSequenceNumber: numbered.at(-1)?.sequenceNumber,
        batchSize: numbered.length,
        streamArn: STREAM_ARN,
      },
      payload: JSON.stringify(kinesisEvent(numbered)),
    }),
  );
}

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => from + n);

/** Twelve letters, one of them twice, and a batch that Lambda gave up: three rows, and a payload that is no JSON. Two rounds of ten messages. */
function filled(): QueueWorld {
  const world = queueWorld();
  for (const n of [...numbers(12), 3]) sendLetter(world, n);
  sendExpired(world, [...numbers(3, 20).map((n) => ({ n, data: `{"n":${n}}` })), { n: 23, data: 'no JSON' }]);
  return world;
}

const ALL = [...numbers(12), ...numbers(3, 20)];
/** So that a round takes ten messages. */
const SLOWLY = { rate: 10 };

describe('a run over the queue', () => {
  it('loads each record once, buries what a batch holds of poison, and leaves nothing else behind', async () => {
    const world = filled();

    const report = await world.run(SLOWLY);

    expect(world.stored()).toEqual(ALL);
    expect(report).toMatchObject({ loaded: 14, removed: 14, more: false });
    expect(world.queue.bodies()).toEqual(['no JSON']);
  });

  it('keeps to its rate: ten letters a second', async () => {
    const world = queueWorld();
    for (const n of numbers(30)) sendLetter(world, n);
    const started = world.clock.elapsed();

    await world.run(SLOWLY);

    expect(world.clock.elapsed() - started).toBe(seconds(3));
  });

  it('spends no time on letters that are not asked for', async () => {
    const world = queueWorld();
    for (const n of numbers(30)) sendLetter(world, n);
    const started = world.clock.elapsed();

    await world.run({ ...SLOWLY, where: [parseCondition('position=1001')] });

    expect(world.stored()).toEqual([1]);
    expect(world.clock.elapsed() - started).toBe(seconds(0.1));
  });

  it('takes no more letters than its limit, and says that there may be more', async () => {
    const world = queueWorld();
    for (const n of numbers(30)) sendLetter(world, n);

    expect(await world.run({ limit: 20 })).toMatchObject({ read: 20, loaded: 20, more: true });

    expect(world.queue.bodies()).toHaveLength(10);
  });
});

describe('a run that is killed', () => {
  it('loses nothing and loads nothing twice, at whatever call to Doris, ledger or queue it dies', async () => {
    const whole = filled();
    await whole.run(SLOWLY);
    const { calls } = whole;
    expect(calls).toBeGreaterThan(45);

    for (let call = 1; call <= calls; call++) {
      for (const effect of ['before', 'after'] as const) {
        const world = filled();
        await expect(world.run(SLOWLY, { call, effect })).rejects.toThrow(Killed);
        // At once: the letters in its hands are hidden, the others are there.
        await world.run(SLOWLY);
        world.clock.advance(HOLD);
        await world.run(SLOWLY);

        const where = `killed ${effect} call ${call}`;
        expect(world.stored(), where).toEqual(ALL);
        expect(new Set(world.queue.bodies()), where).toEqual(new Set(['no JSON']));
      }
    }
  });
});
