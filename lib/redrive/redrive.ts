import { grouped } from '../grouped.ts';
import { inLanes } from '../in-lanes.ts';
import { targetName } from '../plan/route.ts';
import { lengthOf } from '../source/slice.ts';
import type { Free } from './held-load.ts';
import { LANES } from './lanes.ts';
import type { Fate, Ready, Redrive } from './letters.ts';
import { type Budget, loadTogether } from './load-together.ts';
import { resolver, standingOf } from './standing.ts';

/** Records of one load at most: each costs one write to the ledger before it, and a load that Doris refuses is halved. */
const MOST_TOGETHER = 1_000;

/**
 * Loads records that were dead letters, each once in effect, however often and wherever this is done: those of one shard and table together,
 * in order of their positions.
 * @returns the fate of each.
 * @throws {LedgerUnavailable} what was told of loads before is written down. @throws {ContractViolation}
 */
export async function redriveRecords(redrive: Redrive, records: readonly Ready[]): Promise<ReadonlyMap<Ready, Fate>> {
  const fates = new Map<Ready, Fate>();
  for (const group of grouped(records, groupOf)) for (const [ready, fate] of await redriveGroup(redrive, group)) fates.set(ready, fate);
  return fates;
}

function groupOf({ source, target }: Ready): string {
  const stream = source.kind === 'iggy' ? [source.streamName, source.topicName] : source.stream;
  return JSON.stringify([source.kind, stream, source.shard, targetName(target)]);
}

async function redriveGroup(redrive: Redrive, group: readonly Ready[]): Promise<ReadonlyMap<Ready, Fate>> {
  const copies = grouped(group, ({ row: { record } }) => JSON.stringify([record.position, record.iggy]));
  const fates = await redriveOnce(redrive, copies.flatMap(([first]) => first ?? []).toSorted(byPosition));
  // Letters of one record are one record.
  return new Map(copies.flatMap((same) => sharedBy(same, fates)));
}

function sharedBy(same: readonly Ready[], fates: ReadonlyMap<Ready, Fate>): [Ready, Fate][] {
  const fate = same.map((copy) => fates.get(copy)).find((found) => found !== undefined);
  return fate === undefined ? [] : same.map((copy) => [copy, fate]);
}

function byPosition(a: Ready, b: Ready): number {
  return a.row.record.position < b.row.record.position ? -1 : 1;
}

async function redriveOnce(redrive: Redrive, records: readonly Ready[]): Promise<ReadonlyMap<Ready, Fate>> {
  const fates = new Map<Ready, Fate>();
  const [any] = records;
  if (any === undefined) return fates;
  const endOf = resolver(redrive, any.source, any.target);
  const free: Free[] = [];
  for (const { ready, standing } of await inLanes(records, LANES, async (ready) => ({
    ready,
    standing: await standingOf(redrive, ready, endOf),
  }))) {
    if (standing.kind === 'told') fates.set(ready, standing.fate);
    else free.push({ ready, seen: standing.seen });
  }
  const budget: Budget = { isolationLoads: redrive.rules.isolationLoads, stopped: undefined };
  for (const together of cut(redrive, free)) {
    for (const [ready, fate] of await loadTogether(redrive, together, budget)) fates.set(ready, fate);
  }
  return fates;
}

function cut({ rules: { limits } }: Redrive, free: readonly Free[]): Free[][] {
  const loads: Free[][] = [];
  let size = 0;
  for (const record of free) {
    const length = lengthOf(record.ready.row.line) + 1;
    const last = loads.at(-1);
    if (last !== undefined && last.length < Math.min(limits.maxRows, MOST_TOGETHER) && size + length <= limits.maxBytes) {
      last.push(record);
      size += length;
    } else {
      loads.push([record]);
      size = length;
    }
  }
  return loads;
}
