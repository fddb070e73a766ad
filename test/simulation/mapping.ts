import { grouped } from '../../lib/grouped.ts';
import { kplAggregate } from '../support/builders.ts';
import type { Actor } from './faults.ts';
import { type Answer, type Fleet, invoke } from './fleet.ts';
import type { Storm } from './life.ts';
import { reach } from './paths.ts';
import { between } from './random.ts';
import type { PlannedShard } from './scenario.ts';
import type { TrueRecord } from './truth.ts';
import { EPOCH, type World } from './world.ts';

/** One record of Kinesis: a user record, or an aggregate of them. */
interface Parcel {
  readonly sequenceNumber: string;
  readonly arrivesAt: number;
  readonly content: readonly TrueRecord[];
}

/** Where the poller of one shard stands. */
interface Poller {
  readonly world: World;
  readonly fleet: Fleet<string | undefined>;
  readonly actor: Actor;
  readonly shard: PlannedShard;
  readonly parcels: readonly Parcel[];
  /** Everything before this index is acknowledged. */
  cursor: number;
  /** End of the batch that is brought again; 0 for a new one. */
  end: number;
  deliveries: number;
}

/** Deliveries that a shard may take once nothing goes wrong any more, besides one for each record. */
const MOST_CALM_DELIVERIES = 60;
const STREAM = 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders';

/** Delivers a shard as Lambda does, in order, until everything is acknowledged or expired. */
export async function deliverShard(world: World, fleet: Fleet<string | undefined>, shard: PlannedShard, storm: Storm): Promise<void> {
  const parcels = parcelsOf(shard.records.flatMap(({ n }) => world.truth.records.get(n) ?? []));
  const poller: Poller = { world, fleet, actor: world.faults.actor(shard.id), shard, parcels, cursor: 0, end: 0, deliveries: 0 };
  while (!drained(poller)) {
    await waitForRecords(poller);
    if (drained(poller)) return;
    storm.beforeDelivery();
    if (storm.isOver() && ++poller.deliveries > MOST_CALM_DELIVERIES + shard.records.length) {
      return world.truth.breaks(
        `no progress: ${shard.id} is at record ${parcels[poller.cursor]?.content[0]?.n} after ${poller.deliveries} calm deliveries`,
      );
    }
    await deliverOnce(poller);
  }
}

function parcelsOf(records: readonly TrueRecord[]): Parcel[] {
  const groups = grouped(records, ({ sequenceNumber }) => sequenceNumber);
  return groups.flatMap((content) => {
    const [first] = content;
    return first === undefined ? [] : [{ sequenceNumber: first.sequenceNumber, arrivesAt: first.arrivesAt, content }];
  });
}

/** Expired records are reported by Lambda's on-failure destination, and gone. */
function drained(poller: Poller): boolean {
  const { world, parcels } = poller;
  for (let next = parcels[poller.cursor]; next !== undefined; next = parcels[++poller.cursor]) {
    if (next.arrivesAt + world.scenario.retention > world.scheduler.now()) return false;
    for (const { n } of next.content) {
      world.trace(poller.shard.id, () => `record ${n} expired`);
      world.truth.expired.add(n);
    }
  }
  return true;
}

async function waitForRecords({ world, parcels, cursor, actor }: Poller): Promise<void> {
  if (world.faults.strikes('paused', actor)) await world.scheduler.pause(actor.draw() ** 3 * 60 * 3_600_000);
  const next = parcels[cursor];
  if (next !== undefined) await world.scheduler.pause(Math.max(0, next.arrivesAt - world.scheduler.now()));
}

async function deliverOnce(poller: Poller): Promise<void> {
  const { world, actor, parcels } = poller;
  const { faults, scenario, scheduler } = world;
  if (faults.strikes('redelivery', actor)) {
    poller.cursor = backFrom(poller, between(actor.draw, 1, scenario.batchSize));
    poller.end = 0;
  }
  const again = poller.end > poller.cursor;
  if (!again || faults.strikes('recut', actor)) {
    const most = parcels.filter(({ arrivesAt }) => arrivesAt <= scheduler.now()).length;
    poller.end = Math.min(most, poller.cursor + (again ? between(actor.draw, 1, scenario.batchSize) : scenario.batchSize));
  }
  const batch = parcels.slice(poller.cursor, poller.end);
  if (batch.length === 0) return scheduler.pause(100);
  settle(poller, batch, await deliver(poller, batch));
  // Lambda backs off while a batch fails, 1 s at first.
  await scheduler.pause(actor.draw() * (poller.end > poller.cursor ? 5_000 : 200));
}

/** So many parcels back, as far as the source still has them. */
function backFrom({ world, parcels, cursor }: Poller, count: number): number {
  const { expired } = world.truth;
  const isGone = ({ content }: Parcel): boolean => content.some(({ n }) => expired.has(n));
  return Math.max(cursor - count, 0, parcels.slice(0, cursor).findLastIndex(isGone) + 1);
}

function settle(poller: Poller, batch: readonly Parcel[], answer: Answer<string | undefined>): void {
  const { world, actor, shard } = poller;
  switch (answer.kind) {
    case 'done': {
      const { result: from } = answer;
      world.trace(shard.id, () => `is answered: ${from ?? 'all settled'}`);
      const at = from === undefined ? batch.length : batch.findIndex(({ sequenceNumber }) => sequenceNumber === from);
      if (at < 0) world.truth.breaks(`${shard.id} is told to go on from ${from}, which is not in the batch`);
      else poller.cursor += at;
      return;
    }
    case 'error':
      if (world.scenario.bisects && batch.length > 1) poller.end = poller.cursor + Math.ceil(batch.length / 2);
      return;
    case 'not waited for':
      // The next poller starts where this one had written down last.
      if (actor.draw() < 0.5) poller.cursor = backFrom(poller, between(actor.draw, 0, world.scenario.batchSize));
      poller.end = 0;
      return;
    default:
      answer satisfies never;
  }
}

function deliver({ world, fleet, actor, shard }: Poller, batch: readonly Parcel[]): Promise<Answer<string | undefined>> {
  if (shard.parent !== undefined) reach(world.reached, 'reshard');
  if (batch.some(isAggregate)) reach(world.reached, 'aggregate');
  const patience = world.faults.strikes('failover', actor) ? actor.draw() ** 4 * world.scenario.timeout : undefined;
  return invoke(world, fleet, {
    actor,
    event: eventOf(shard, batch),
    content: String(batch.map(({ content }) => content.map(({ n }) => n))),
    patience,
  });
}

function isAggregate({ content }: Parcel): boolean {
  return content.some(({ aggregate }) => aggregate !== undefined);
}

function bytesOf(content: readonly TrueRecord[]): Buffer {
  const bytes = content.map(({ payload }) => Buffer.from(payload));
  return content[0]?.aggregate === undefined
    ? Buffer.concat(bytes)
    : kplAggregate(
        ['k'],
        bytes.map((data) => ({ key: 0, data })),
      );
}

/** Lambda's event. */
function eventOf(shard: PlannedShard, batch: readonly Parcel[]): unknown {
  return {
    Records: batch.map(({ sequenceNumber, arrivesAt, content }) => ({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: 'k',
        sequenceNumber,
        data: bytesOf(content).toString('base64'),
        approximateArrivalTimestamp: (EPOCH + arrivesAt) / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shard.id}:${sequenceNumber}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn:aws:iam::123456789012:role/loader',
      awsRegion: 'eu-central-1',
      eventSourceARN: STREAM,
    })),
  };
}
