import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seconds } from '../../../lib/units.ts';
import { arrayOf, expectEachOnce, logOf } from '../../support/iggy-log.ts';
import { newQueueWorld, type QueueWorld } from '../../support/queue-world.ts';
import type { EventMessage } from '../../support/sqs-event.ts';
import { Killed } from '../../support/world.ts';

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
        const running = messages.map((message) => world.invoke([message]));
        await scheduler.waitFor(Promise.all(running));

        world.between = async () => {};
        world.clock.advance(seconds(6));
        for (let round = 0; round < 3; round++) {
          await world.invoke(messages);
          world.clock.advance(seconds(6));
        }
        expectEachOnce(world, log);
      }),
    );
  });
});

describe('an intention that its invocation did not live to carry out', () => {
  it('is carried out by a successor only after every other one with the same records is ended', async () => {
    const world = newQueueWorld();
    const log = logOf({ natures: ['good', 'good', 'good', 'good', 'good'] });
    const messages = [log.slice(0, 4), log.slice(1, 5)].map((entries, n) => ({ messageId: `m-${n}`, body: arrayOf(entries) }));
    for (const message of messages) await leaveIntention(world, message);
    expect(world.ledger.groups.size).toBe(2);
    world.clock.advance(seconds(6));

    await world.invoke(messages.slice(0, 1));

    const left = [...world.ledger.groups.values()].filter(({ ended }) => !ended);
    expect(left.map(({ checkpoint }) => checkpoint.through)).toEqual(['00000000000000000003']);
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

describe('a registration that reaches the ledger once more', () => {
  it('after somebody ended its group brings nothing back that its owner could claim', async () => {
    const world = newQueueWorld();
    const log = logOf({ natures: ['good', 'good', 'good', 'good', 'good'] });
    const [mine = { body: '' }, other = { body: '' }] = [log.slice(0, 4), log.slice(1, 5)].map((entries, n) => ({
      messageId: `m-${n}`,
      body: arrayOf(entries),
    }));
    const { find, register } = world.ledger;
    world.ledger.register = async (...written) => {
      world.ledger.register = register;
      world.ledger.find = async (...wanted) => {
        world.ledger.find = find;
        const found = await find(...wanted);
        world.clock.advance(seconds(6));
        await world.invoke([other]);
        await register(...written);
        return found;
      };
      return register(...written);
    };

    expect(await world.invoke([mine])).toEqual([]);

    expectEachOnce(world, log);
  });
});

/** What an invocation leaves that neither saw anybody else nor lived to claim. */
async function leaveIntention(world: QueueWorld, message: EventMessage): Promise<void> {
  const { find } = world.ledger;
  world.ledger.find = async () => [];
  await expect(world.invoke([message], { kill: { call: 2, effect: 'after' } })).rejects.toThrow(Killed);
  world.ledger.find = find;
}
