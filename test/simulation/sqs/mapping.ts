import type { Actor } from '../faults.ts';
import { type Fleet, invoke } from '../fleet.ts';
import type { Storm } from '../life.ts';
import type { World } from '../world.ts';
import { eventRecordOf, type Queue, type QueuedMessage } from './queue.ts';

/** Ids of messages that have to come again. */
export type Failures = readonly string[];

/** One of the pollers of a queue. */
interface Poller {
  readonly world: World;
  readonly fleet: Fleet<Failures>;
  readonly queue: Queue;
  readonly actor: Actor;
  readonly storm: Storm;
}

/** Calm deliveries that one poller may take, besides some for each message. */
const MOST_CALM_DELIVERIES = 60;

/** Polls a queue as Lambda does until nothing is in it. */
export async function pollQueue(world: World, fleet: Fleet<Failures>, queue: Queue, storm: Storm, name: string): Promise<void> {
  const actor = world.faults.actor(name);
  const poller: Poller = { world, fleet, queue, actor, storm };
  let calm = 0;
  while (!queue.isOver()) {
    if (world.faults.strikes('paused', actor)) await world.scheduler.pause(actor.draw() ** 3 * 30 * 3_600_000);
    const batch = queue.receive(actor, world.scenario.batchSize);
    if (batch.length === 0) await queue.change();
    else {
      storm.beforeDelivery();
      if (storm.isOver() && ++calm > MOST_CALM_DELIVERIES + 4 * queue.messages.length) {
        const left = queue.messages.filter(({ isDeleted }) => !isDeleted).map(({ id }) => id);
        return world.truth.breaks(`no progress: ${left} are still there after ${calm} calm deliveries`);
      }
      await deliver(poller, batch);
    }
  }
}

async function deliver(poller: Poller, batch: readonly QueuedMessage[]): Promise<void> {
  const { world, fleet, queue, actor } = poller;
  const { faults, scheduler } = world;
  if (faults.strikes('not-invoked', actor)) return scheduler.pause(1_000);
  const receipts = batch.map((message) => ({ message, handle: message.handle }));
  const content = batch.map(({ id, records }) => `${id} (${records})`).join(' ');
  const answer = await invoke(world, fleet, { actor, event: { Records: batch.map(eventRecordOf) }, content });
  if (answer.kind !== 'done') return;
  world.trace(actor.name, () => `hears that these failed: ${answer.result.join() || 'none'}`);
  const settled = receipts.filter(({ message }) => !answer.result.includes(message.id));
  for (const { message } of settled) watchLeaving(world, message);
  const isLost = faults.strikes('deletion-lost', actor);
  await scheduler.pause(actor.draw() * 50);
  if (!isLost) for (const { message, handle } of settled) queue.remove(message, handle);
}

function watchLeaving({ truth }: World, { id, records }: QueuedMessage): void {
  const open = records.find((n) => !truth.isSettled(n));
  if (open !== undefined) truth.breaks(`message ${id} leaves its queue with record ${open}, which is neither stored nor a dead letter`);
}
