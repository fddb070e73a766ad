import type { GroupName } from '../ledger/group.ts';
import type { Target } from '../ports.ts';
import type { Batch, DecodedRecord, SourceShard } from '../source/record.ts';
import { onlyTargetOf, type Routing, routerOf, targetName } from './route.ts';

/** The records of one batch that go to one table, in order; without a table, those that can go nowhere (all poison). */
export interface TableBatch {
  readonly source: SourceShard;
  readonly target?: Target;
  readonly records: readonly DecodedRecord[];
  /** Of Iggy: the group that these are records of. */
  readonly group?: GroupName;
}

/** Groups a batch by table. Concatenated and sorted by position, the groups are the batch. */
export function splitByTable({ source, records }: Batch, routing: Routing): TableBatch[] {
  const only = onlyTargetOf(routing, source);
  if (only !== undefined) return records.length === 0 ? [] : [{ source, target: only, records }];
  const route = routerOf(routing, source);
  const groups = new Map<string, Group>();
  const known = new Map<Target | undefined, Group>();
  for (const record of records) {
    const target = route(record);
    let group = known.get(target);
    if (group === undefined) {
      group = groupOf(groups, target);
      known.set(target, group);
    }
    group.records.push(target === undefined ? unroutable(record) : record);
  }
  return [...groups.values()].map((group) => ({ source, ...group }));
}

interface Group {
  readonly target?: Target;
  readonly records: DecodedRecord[];
}

/** Rules may spell the same table as targets of their own. */
function groupOf(groups: Map<string, Group>, target: Target | undefined): Group {
  const key = targetName(target);
  let group = groups.get(key);
  if (group === undefined) {
    group = { ...(target === undefined ? {} : { target }), records: [] };
    groups.set(key, group);
  }
  return group;
}

/** A record as it is where no table takes it. */
export function unroutable(record: DecodedRecord): DecodedRecord {
  if (record.kind === 'poison') return record;
  return {
    kind: 'poison',
    record: record.record,
    fault: { errorClass: 'unroutable', reason: 'no rule of DORIS_ROUTES fits and there is no DORIS_TABLE' },
  };
}
