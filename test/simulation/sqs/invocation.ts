import { loadMessages } from '../../../lib/forwarded.ts';
import { groupsInTime } from '../../../lib/in-time.ts';
import type { Outages } from '../../../lib/ledger/outage.ts';
import { hideUnsettled } from '../../../lib/queue/hide.ts';
import { sqsVisibility } from '../../../lib/queue/sqs-visibility.ts';
import { decodeSqsEvent } from '../../../lib/source/iggy.ts';
import { millis } from '../../../lib/units.ts';
import type { Cluster } from '../doris/cluster.ts';
import type { Handler } from '../fleet.ts';
import { columnsOf, DECODE, inTime, rulesOf, wiredOn } from '../invocation.ts';
import { outagesFor } from '../ledger.ts';
import type { Machine } from '../machine.ts';
import { queueFor } from '../queue.ts';
import type { World } from '../world.ts';
import { numberInBody, sourceQueueFor } from './client.ts';
import { groupsFor, type SharedGroups } from './ledger.ts';
import type { Failures } from './mapping.ts';
import type { Queue } from './queue.ts';
import type { QueueScenario } from './scenario.ts';

/** What all machines of a world reach. */
export interface SharedQueue {
  readonly scenario: QueueScenario;
  readonly queue: Queue;
  readonly groups: SharedGroups;
  readonly outages: Outages;
}

const BARE = { bodies: 'envelope', bareSource: { stream: '-', topic: '-' }, bodyEncoding: 'text' } as const;

/** Wires the function together on one machine, as a cold start does. It answers as `functions/iggy-loader.ts` does. */
export function coldStart(machine: Machine, world: World, cluster: Cluster, shared: SharedQueue): Handler<Failures> {
  const { clock } = machine;
  const { queue, groups, outages, scenario } = shared;
  const wired = wiredOn(machine, world, cluster, queueFor(machine, world, numberInBody), outagesFor(machine, world, outages));
  const ledger = groupsFor(machine, world, groups);
  const visibility = sqsVisibility(sourceQueueFor(machine, world, queue), wired.telemetry);
  return async (event) => {
    const { deadlines, ports } = inTime(wired, machine, world);
    const bounded = { ...ports, ledger: groupsInTime(ledger, deadlines.ledger, clock) };
    const messages = decodeSqsEvent(event, { ...DECODE, ...BARE, positionColumns: columnsOf(scenario) });
    const unsettled = await loadMessages(messages, bounded, rulesOf(world), deadlines.loads);
    const hiding = { visibility, telemetry: wired.telemetry, clock, longest: millis(scenario.longestHidden) };
    await hideUnsettled(unsettled, hiding, deadlines.ledger);
    return unsettled.map(({ message }) => message.messageId);
  };
}
