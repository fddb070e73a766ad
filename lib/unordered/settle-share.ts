import { DeadLettersUnavailable } from '../dead-letter/letter.ts';
import { inLanes } from '../in-lanes.ts';
import { LedgerUnavailable } from '../ledger/checkpoint.ts';
import { type FoundGroup, GROUP_SPAN, GroupLost } from '../ledger/group.ts';
import { layersOf } from '../plan/layers.ts';
import { splitByTable } from '../plan/plan.ts';
import { targetName } from '../plan/route.ts';
import type { Position } from '../source/position.ts';
import { type DecodedRecord, isRow, type SourceRecord } from '../source/record.ts';
import { settleFound } from './found-group.ts';
import { settleNew } from './new-group.ts';
import { ownersOf } from './ownership.ts';
import { again, type Fate, type Passage, unsettled } from './passage.ts';

/** Records of one group, found or to be made, that are settled together. */
interface Unit {
  readonly target: string;
  readonly records: readonly DecodedRecord[];
  settle(): Promise<readonly Fate[]>;
}

/** How the records of one partition fared: those that are not settled, and why. */
export type Unsettled = ReadonlyMap<SourceRecord, string>;

/** Every round brings records further: a group is resolved, concluded, set free, made. Others may interfere; then the queue brings them again. */
const ROUNDS = 10;

/**
 * Settles the records of one partition: those that a group has, as the ledger says, and the others in groups of their own.
 * @param inOrder - of a FIFO queue: behind the first records that are not settled none are touched.
 * @throws {ContractViolation} see {@link settleTable}; other tables are finished first.
 */
export async function settleShare(passage: Passage, records: readonly DecodedRecord[], inOrder: boolean): Promise<Unsettled> {
  const reasons = new Map<SourceRecord, string>();
  let open = records;
  for (let round = 1; open.length > 0 && round <= ROUNDS; round++) {
    const fates = await orUnsettled(passage, open, () => settleRound(passage, open, inOrder));
    for (const fate of fates) if (fate.kind === 'unsettled') for (const { record } of fate.records) reasons.set(record, fate.reason);
    const waiting = new Set(fates.flatMap((fate) => (fate.kind === 'again' ? fate.records.map(({ record }) => record) : [])));
    open = open.filter(({ record }) => waiting.has(record));
  }
  for (const { record } of open) reasons.set(record, 'other invocations load the same records');
  return reasons;
}

async function settleRound(passage: Passage, open: readonly DecodedRecord[], inOrder: boolean): Promise<readonly Fate[]> {
  const units = await unitsOf(passage, open, inOrder);
  if (inOrder) return settleInTurn(passage, units, true);
  const lanes = grouped(units, ({ target }) => target);
  const ends = await Promise.allSettled([...lanes.values()].map((lane) => settleInTurn(passage, lane, false)));
  return ends.flatMap((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
}

/** What is found first, then what is new, each in the order of its first record. */
async function unitsOf(passage: Passage, open: readonly DecodedRecord[], inOrder: boolean): Promise<readonly Unit[]> {
  const { ports, rules, source } = passage;
  const spans = spansOf(open.map(({ record }) => record.position));
  const found = (await inLanes(spans, LANES, ({ first, last }) => ports.ledger.find(rules.labelPrefix, source, first, last))).flat();
  const owners = ownersOf(found, open);
  const free = open.filter((record) => !owners.has(record));
  return inOrderOf(open, [...unitsFound(passage, owners, found), ...unitsNew(passage, free, inOrder)]);
}

/** Searches under way at once. */
const LANES = 8;

/**
 * What a search has to cover: a topic that is purged or read anew brings offsets that lie millions apart, with all the groups of two weeks
 * between them. No group holds offsets of two spans.
 */
function spansOf(positions: readonly Position[]): readonly { readonly first: Position; readonly last: Position }[] {
  const spans: { first: Position; last: Position }[] = [];
  for (const position of positions.toSorted()) {
    const span = spans.at(-1);
    if (span !== undefined && BigInt(position) - BigInt(span.last) <= GROUP_SPAN) span.last = position;
    else spans.push({ first: position, last: position });
  }
  return spans;
}

function unitsFound(passage: Passage, owners: ReadonlyMap<DecodedRecord, FoundGroup>, found: readonly FoundGroup[]): Unit[] {
  return [...grouped(owners, ([, group]) => group)].map(([group, owned]) => {
    const records = owned.map(([record]) => record);
    return { target: group.key.target, records, settle: () => settleFound(passage, group, records, found) };
  });
}

function grouped<K, T>(all: Iterable<T>, keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

/** Rows and poison never share a group: a load that is known to be stored then leaves nothing to do for its group. */
function unitsNew(passage: Passage, free: readonly DecodedRecord[], inOrder: boolean): Unit[] {
  const { rules, source } = passage;
  return splitByTable({ source, records: free, duplicates: 0 }, rules.routing).flatMap(({ target, records }) => {
    const kinds = [records.filter(isRow), records.filter(({ kind }) => kind === 'poison')];
    const layers = kinds.flatMap((alike) => layersOf(alike, GROUP_SPAN, inOrder));
    return layers.map((layer) => ({ target: targetName(target), records: layer, settle: () => settleNew(passage, target, layer) }));
  });
}

function inOrderOf(open: readonly DecodedRecord[], units: readonly Unit[]): Unit[] {
  const places = new Map(open.map(({ record }, index) => [record, index]));
  const placeOf = ({ records }: Unit): number => Math.min(...records.map(({ record }) => places.get(record) ?? 0));
  return units
    .map((unit) => ({ unit, place: placeOf(unit) }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ unit }) => unit);
}

async function settleInTurn(passage: Passage, units: readonly Unit[], inOrder: boolean): Promise<readonly Fate[]> {
  const fates: Fate[] = [];
  for (const [index, unit] of units.entries()) {
    const ends = await orUnsettled(passage, unit.records, unit.settle, unit.target);
    fates.push(...ends);
    const behind = units.slice(index + 1).flatMap(({ records }) => records);
    const isStuck = ends.some(({ kind }) => kind === 'unsettled');
    if (!inOrder || behind.length === 0 || ends.every(({ kind }) => kind === 'settled')) continue;
    const fate: Fate = isStuck ? { kind: 'unsettled', records: behind, reason: 'records before it are not settled' } : again(behind);
    return [...fates, fate];
  }
  return fates;
}

/** The ledger and the dead letters may be away for a while like everybody else: the records stay with their source. */
async function orUnsettled(
  passage: Passage,
  records: readonly DecodedRecord[],
  work: () => Promise<readonly Fate[]>,
  target = '-',
): Promise<readonly Fate[]> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GroupLost) return [again(records)];
    if (error instanceof LedgerUnavailable || error instanceof DeadLettersUnavailable)
      return [unsettled(passage, target, records, error.message)];
    throw error;
  }
}
