import { newCluster } from './doris/cluster.ts';
import { newFleet } from './fleet.ts';
import { coldStart } from './invocation.ts';
import { newSharedLedger } from './ledger.ts';
import { type Life, liveThrough, newStorm, type Reduction, reduced, type Simulate, type Storm, watchOver } from './life.ts';
import { startMachine } from './machine.ts';
import { deliverShard } from './mapping.ts';
import { freeWaitingShards } from './operator.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import type { World } from './world.ts';

/** Lives through one seed of a stream's life. */
export const simulate: Simulate = (seed, reduction, traced) => simulateScenario(scenarioOf(seed), reduction, traced);

/** Lives through a scenario that somebody thought out. */
export function simulateScenario(scenario: Scenario, reduction: Reduction = {}, traced = false): Promise<Life> {
  return liveThrough(reduced(scenario, reduction), reduction, traced, startLife);
}

function startLife(world: World): void {
  const ledger = newSharedLedger(world);
  const claims = () => [...ledger.table.checkpoints.values()].map(({ claim }) => claim);
  const cluster = newCluster(world, watchOver(world, claims));
  const weather = newStorm(world, cluster);
  const storm: Storm = {
    ...weather,
    beforeDelivery: () => {
      weather.beforeDelivery();
      if (weather.isOver()) void freeWaitingShards(world, ledger);
    },
  };
  const fleet = newFleet(world, (name) => {
    const machine = startMachine(world, name);
    return { machine, handle: coldStart(machine, world, cluster, ledger) };
  });
  const ends: Promise<void>[] = [];
  for (const shard of world.scenario.shards) {
    const parent = shard.parent === undefined ? undefined : ends[shard.parent];
    ends.push((parent ?? Promise.resolve()).then(() => deliverShard(world, fleet, shard, storm)));
  }
}
