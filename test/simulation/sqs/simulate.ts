import { memoryOutages } from '../../../lib/ledger/outage.ts';
import { FRONTENDS, newCluster } from '../doris/cluster.ts';
import { newFleet } from '../fleet.ts';
import { liveThrough, newStorm, reduced, type Simulate, watchOver } from '../life.ts';
import { startMachine } from '../machine.ts';
import type { World } from '../world.ts';
import { coldStart, type SharedQueue } from './invocation.ts';
import { claimsIn, newSharedGroups } from './ledger.ts';
import { pollQueue } from './mapping.ts';
import { inOrderToo } from './order.ts';
import { newQueue } from './queue.ts';
import { type QueueScenario, queueScenarioOf } from './scenario.ts';
import { startSender } from './sender.ts';

/** Lives through one seed of the life of a topic whose messages come through a queue. */
export const simulateQueue: Simulate = (seed, reduction = {}, traced = false) => {
  const scenario = reduced(queueScenarioOf(seed), reduction);
  return liveThrough(scenario, reduction, traced, (world) => startLife(world, scenario));
};

/** Twenty receives of every message. */
const LONGEST_OUTAGE = 3 * 3_600_000;

function startLife(world: World, scenario: QueueScenario): void {
  const queue = newQueue(world, scenario);
  const shared: SharedQueue = { scenario, queue, groups: newSharedGroups(scenario), outages: memoryOutages() };
  const cluster = newCluster(
    world,
    inOrderToo(
      watchOver(world, () => claimsIn(shared.groups)),
      world,
      queue,
    ),
  );
  const lasts = (): boolean => scenario.outlasts && cluster.isDown(FRONTENDS[0]) && world.scheduler.now() < LONGEST_OUTAGE;
  const storm = newStorm(world, cluster, lasts);
  const fleet = newFleet(world, (name) => {
    const machine = startMachine(world, name);
    return { machine, handle: coldStart(machine, world, cluster, shared) };
  });
  startSender(world, scenario, queue);
  for (let poller = 1; poller <= scenario.concurrency; poller++) void pollQueue(world, fleet, queue, storm, `poller ${poller}`);
}
