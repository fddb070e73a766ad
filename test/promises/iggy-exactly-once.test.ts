import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LoadMode } from '../../lib/ports.ts';
import { bytes, seconds } from '../../lib/units.ts';
import { arrayOf, expectEachOnce, type LogEntry, type LogPlan, logOf } from '../support/iggy-log.ts';
import { newQueueWorld, type QueueWorld } from '../support/queue-world.ts';
import type { Nature } from '../support/shard.ts';
import type { EventMessage } from '../support/sqs-event.ts';
import { type Kill, Killed, type RULES } from '../support/world.ts';

/** A search for as long as somebody wants: about 300 runs a second. */
const RUNS = Number(process.env['IGGY_RUNS'] ?? 400);
const LONGEST = 30_000 + 50 * RUNS;

/** One invocation: which of the messages in the queue it gets, what happens to it, how long until the next. */
interface Delivery {
  readonly picks: readonly number[];
  /** Settled messages stay in the queue, as deletions that were lost leave them. */
  readonly keep: boolean;
  readonly kill?: Kill;
  readonly pause: number;
  readonly outcomes: readonly { readonly stored: boolean; readonly outcome: 'unknown' | 'unavailable' | 'overload' | 'running' }[];
  readonly repaired: boolean;
}

const natures = fc.array(
  fc.oneof({ arbitrary: fc.constant<Nature>('good'), weight: 6 }, { arbitrary: fc.constantFrom<Nature>('broken', 'refused'), weight: 1 }),
  { minLength: 1, maxLength: 24 },
);

const plans: fc.Arbitrary<LogPlan> = fc.record(
  { natures, purgedBefore: fc.nat(24), gapBefore: fc.nat(24), partitions: fc.integer({ min: 1, max: 2 }) },
  { requiredKeys: ['natures'] },
);

const kills = fc.record({ call: fc.integer({ min: 1, max: 20 }), effect: fc.constantFrom('before', 'after') });

const deliveries = fc.array(
  fc.record<Delivery>(
    {
      picks: fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 }),
      keep: fc.boolean(),
      kill: kills,
      pause: fc.constantFrom(0, 1, 6, 20, 300),
      outcomes: fc.array(fc.record({ stored: fc.boolean(), outcome: fc.constantFrom('unknown', 'unavailable', 'overload', 'running') }), {
        maxLength: 2,
      }),
      repaired: fc.boolean(),
    },
    { requiredKeys: ['picks', 'keep', 'pause', 'outcomes', 'repaired'] },
  ),
  { maxLength: 10 },
);

/** Bodies: cuts of the log, and ranges sent again at boundaries of their own. */
const bodies = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 24, maxLength: 24 }),
  again: fc.array(fc.tuple(fc.nat(24), fc.integer({ min: 1, max: 8 })), { maxLength: 4 }),
});

const modes = fc.constantFrom<LoadMode>('labelled', 'two-phase');

const limits = fc.record({ maxRows: fc.integer({ min: 1, max: 12 }), maxBytes: fc.integer({ min: 40, max: 400 }).map(bytes) });

function messagesOf(
  log: readonly LogEntry[],
  { sizes, again }: { sizes: readonly number[]; again: readonly (readonly [number, number])[] },
) {
  const cuts: LogEntry[][] = [];
  for (let at = 0; at < log.length; at += sizes[cuts.length - 1] ?? 1) cuts.push(log.slice(at, at + (sizes[cuts.length] ?? 1)));
  const repeated = again.map(([from, count]) => log.slice(from, from + count)).filter((part) => part.length > 0);
  return [...cuts, ...repeated].map((entries, index): EventMessage => ({ messageId: `m-${index}`, body: arrayOf(entries) }));
}

/** Only an `unknown` or `running` outcome may hide an effect; the others are promises that nothing was stored. */
function honest({ stored, outcome }: Delivery['outcomes'][number]) {
  return { stored: stored && (outcome === 'unknown' || outcome === 'running'), outcome };
}

/** Delivers a queue as SQS may: any messages together, in any order, again after a failure, and sometimes after success. */
async function drain(
  world: QueueWorld,
  all: readonly EventMessage[],
  rules: Partial<typeof RULES>,
  plan: readonly Delivery[],
): Promise<void> {
  let queue = [...all];
  for (let turn = 0; queue.length > 0; turn++) {
    if (turn > plan.length + 60) throw new Error(`no progress: still ${queue.length} messages after ${turn} deliveries`);
    const delivery = plan[turn] ?? { picks: queue.map((_, index) => index), keep: false, pause: 20, outcomes: [], repaired: false };
    world.doris.refuses = (line) => !delivery.repaired && line.includes('refused');
    world.doris.script.splice(0, Infinity, ...delivery.outcomes.map(honest));
    const batch = picked(queue, delivery.picks);
    const settled = await invoke(world, batch, rules, delivery.kill);
    if (!delivery.keep) queue = queue.filter((message) => !settled.has(message));
    world.clock.advance(seconds(delivery.pause));
  }
}

function picked(messages: readonly EventMessage[], picks: readonly number[]): EventMessage[] {
  return [...new Set(picks.map((pick) => messages[pick % messages.length]))].filter((message) => message !== undefined);
}

async function invoke(world: QueueWorld, batch: readonly EventMessage[], rules: Partial<typeof RULES>, kill: Kill | undefined) {
  try {
    const unsettled = await world.invoke(batch, { rules, kill });
    const ids = new Set(unsettled.map(({ message }) => message.messageId));
    return new Set(batch.filter(({ messageId = '' }) => !ids.has(messageId)));
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return new Set<EventMessage>();
  }
}

describe('whatever happens between queue and table', () => {
  it(
    'every message of a topic is stored once or is a dead letter',
    async () => {
      await fc.assert(
        fc.asyncProperty(plans, bodies, limits, deliveries, modes, async (plan, cuts, cut, turns, mode) => {
          const world = newQueueWorld();
          world.doris.mode = mode;
          const log = logOf(plan);

          await drain(world, messagesOf(log, cuts), { limits: cut, fuseShare: 1 }, turns);
          // Everything once more, under other message ids, when Doris has forgotten every label.
          world.doris.forget();
          await drain(world, messagesOf(log, cuts).toReversed(), { limits: cut, fuseShare: 1 }, []);

          expectEachOnce(world, log);
        }),
        { numRuns: RUNS },
      );
    },
    LONGEST,
  );

  it(
    'two invocations with overlapping messages at the same time store each message once',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), plans, bodies, deliveries, async (scheduler, plan, cuts, turns) => {
          const world = newQueueWorld();
          const log = logOf(plan);
          const messages = messagesOf(log, cuts);
          world.doris.refuses = (line) => line.includes('refused');
          for (const wave of [turns.slice(0, 3), turns.slice(3, 6)]) {
            world.between = () => scheduler.schedule(Promise.resolve());
            const running = wave.map(({ picks, kill }) => invoke(world, picked(messages, picks), { fuseShare: 1 }, kill));
            await scheduler.waitFor(Promise.all(running));
            world.clock.advance(seconds(20));
          }

          world.between = async () => {};
          await drain(world, messages, { fuseShare: 1 }, []);
          expectEachOnce(world, log);
        }),
        { numRuns: RUNS },
      );
    },
    LONGEST,
  );
});

describe('two invocations that died between writing down what they would load and claiming it', () => {
  it('leave their successors to contend for the records that both had', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const world = newQueueWorld();
        const log = logOf({ natures: ['good', 'good', 'good', 'good', 'good'] });
        const messages = [log.slice(0, 4), log.slice(1, 5)].map((entries, n) => ({ messageId: `m-${n}`, body: arrayOf(entries) }));
        for (const message of messages) await leaveIntention(world, message);
        world.clock.advance(seconds(6));

        world.between = () => scheduler.schedule(Promise.resolve());
        const running = messages.map((message) => invoke(world, [message], {}, undefined));
        await scheduler.waitFor(Promise.all(running));

        world.between = async () => {};
        world.clock.advance(seconds(6));
        await drain(world, messages, {}, []);
        expectEachOnce(world, log);
      }),
    );
  });
});

describe('an intention that its invocation did not live to carry out', () => {
  it('is carried out by a successor only after every other one with the same records is dropped', async () => {
    const world = newQueueWorld();
    const log = logOf({ natures: ['good', 'good', 'good', 'good', 'good'] });
    const messages = [log.slice(0, 4), log.slice(1, 5)].map((entries, n) => ({ messageId: `m-${n}`, body: arrayOf(entries) }));
    for (const message of messages) await leaveIntention(world, message);
    expect(world.ledger.groups.size).toBe(2);
    world.clock.advance(seconds(6));

    await invoke(world, messages.slice(0, 1), {}, undefined);

    expect([...world.ledger.groups.values()].map(({ checkpoint }) => checkpoint.through)).toEqual(['00000000000000000003']);
  });

  it('is left alone while its invocation may still live', async () => {
    const world = newQueueWorld();
    const message = { messageId: 'm-0', body: arrayOf(logOf({ natures: ['good', 'good'] })) };
    await leaveIntention(world, message);

    const unsettled = await world.invoke([message]);

    expect(unsettled).toMatchObject([{ reason: 'another invocation is about to load these records' }]);
    expect(world.doris.calls).toEqual([]);
  });
});

/** What an invocation leaves that neither saw anybody else nor lived to claim. */
async function leaveIntention(world: QueueWorld, message: EventMessage): Promise<void> {
  const { find } = world.ledger;
  world.ledger.find = async () => [];
  await invoke(world, [message], {}, { call: 2, effect: 'after' });
  world.ledger.find = find;
}

describe('killed anywhere', () => {
  it.each<LoadMode>(['labelled', 'two-phase'])(
    'an invocation in mode %s leaves nothing lost and nothing doubled, whatever messages come next together',
    async (mode) => {
      const log = logOf({ natures: ['good', 'good', 'refused', 'good', 'broken', 'good'] });
      const messages = messagesOf(log, { sizes: [2, 1, 3], again: [[1, 4]] });
      for (let call = 1; call <= 40; call++) {
        for (const effect of ['before', 'after'] as const) {
          for (const next of [[0], [1, 2], [3], [0, 1, 2, 3]]) {
            const world = newQueueWorld();
            world.doris.mode = mode;
            world.doris.refuses = (line) => line.includes('refused');
            await invoke(world, messages.slice(0, 3), { fuseShare: 1 }, { call, effect });
            world.clock.advance(seconds(6));
            await drain(world, messages, { fuseShare: 1 }, [{ picks: next, keep: true, pause: 6, outcomes: [], repaired: false }]);

            expectEachOnce(world, log);
          }
        }
      }
      expect.hasAssertions();
    },
  );
});
