import type { Deadline } from '../deadline.ts';
import type { GroupLedger, GroupName } from '../ledger/group.ts';
import type { LoadRules } from '../pipeline.ts';
import { targetName } from '../plan/route.ts';
import type { Target } from '../ports.ts';
import { type Ports, type Run, startRun } from '../settle/run.ts';
import type { DecodedRecord, IggyPartition } from '../source/record.ts';

/** The world, as far as unordered records need it. */
export interface GroupPorts extends Ports {
  readonly ledger: GroupLedger;
}

/** One partition's records on their way through one invocation. */
export interface Passage {
  readonly source: IggyPartition;
  readonly ports: GroupPorts;
  readonly rules: LoadRules;
  readonly deadline: Deadline;
}

/**
 * How some records fared: they are settled, they have to be looked up again since the ledger changed under them, or they come again with
 * their messages.
 */
export type Fate =
  | { readonly kind: 'settled' | 'again'; readonly records: readonly DecodedRecord[] }
  | { readonly kind: 'unsettled'; readonly records: readonly DecodedRecord[]; readonly reason: string };

export const settled = (records: readonly DecodedRecord[]): Fate => ({ kind: 'settled', records });
export const again = (records: readonly DecodedRecord[]): Fate => ({ kind: 'again', records });

/** Records that come again, told. */
export function unsettled({ source, ports }: Passage, target: string, records: readonly DecodedRecord[], reason: string): Fate {
  ports.telemetry.record({ kind: 'unsettled', source, target, from: String(BigInt(records[0]?.record.position ?? 0)), reason });
  return { kind: 'unsettled', records, reason };
}

/** Which records belong to a group is in the ledger: changed routes take none away. */
export const ROUTES = 'group';

/** Starts a run of records of one group, in order of their offsets. */
export function runOf(passage: Passage, target: Target | undefined, group: GroupName, records: readonly DecodedRecord[]): Run {
  const { source, ports, rules, deadline } = passage;
  const table = { source, records, group, ...(target === undefined ? {} : { target }) };
  return startRun({ source, records, duplicates: 0 }, table, ROUTES, ports, rules, deadline);
}

/** The table of a name that {@link targetName} made: names hold no dots. */
export function targetNamed(name: string): Target | undefined {
  const [database = '', table] = name.split('.');
  return table === undefined ? undefined : { database, table };
}

/** Why records wait that somebody else has in hand. */
export const YIELDED = 'another invocation is about to load these records';
