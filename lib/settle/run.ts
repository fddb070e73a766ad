import type { Breaker } from '../breaker.ts';
import type { Clock } from '../clock.ts';
import type { DeadLetters } from '../dead-letter/letter.ts';
import type { Deadline } from '../deadline.ts';
import type { Gate } from '../gate.ts';
import type { CheckpointKey, Claim, Ledger } from '../ledger/checkpoint.ts';
import { type Label, labelOf } from '../plan/label.ts';
import type { LoadLimits, Piece } from '../plan/pieces.ts';
import type { TableBatch } from '../plan/plan.ts';
import { targetName } from '../plan/route.ts';
import type { Doris, Target } from '../ports.ts';
import { type Position, spellPosition } from '../source/position.ts';
import type { Batch, DecodedRecord } from '../source/record.ts';
import type { PositionColumns } from '../source/splice.ts';
import type { LoadFacts, Telemetry } from '../telemetry.ts';
import { type Millis, seconds } from '../units.ts';
import type { LabelMemory } from './label-memory.ts';
import type { Held } from './lease.ts';

/** The world, as far as settling needs it. */
export interface Ports {
  readonly doris: Doris;
  readonly ledger: Ledger;
  readonly deadLetters: DeadLetters;
  readonly telemetry: Telemetry;
  readonly breaker: Breaker;
  readonly clock: Clock;
}

/** What the operator decides about settling. */
export interface SettleRules {
  readonly labelPrefix: string;
  readonly limits: LoadLimits;
  /** Share of bad rows in a load above which it is a schema mistake, not poison. 1 never blows. */
  readonly fuseShare: number;
  /** Bad rows below which the fuse never blows. */
  readonly fuseRows: number;
  /** Loads that one invocation may spend on finding bad rows, a table. */
  readonly isolationLoads: number;
  /** Between the permission to start an attempt and its arrival at a server, and between the clocks of two machines, lies no more. */
  readonly attemptGrace: Millis;
  readonly labelMemory: LabelMemory;
  /** What becomes of a load of which neither its label nor its table can tell any more whether it is stored. */
  readonly onUnverifiable: 'wait' | 'reload' | 'dead-letter';
  /** Where rows carry whence they came. */
  readonly positionColumns: PositionColumns;
}

/** No attempt starts with less time left: Doris's own timeout counts whole seconds. */
export const SHORTEST_LOAD = seconds(1);

/** One table's share of one batch on its way to being settled. */
export interface Run {
  readonly batch: Batch;
  readonly table: TableBatch;
  readonly key: CheckpointKey;
  /** See `Checkpoint`. */
  readonly routes: string;
  readonly ports: Ports;
  readonly rules: SettleRules;
  /** Asked before every load, told how it went. */
  readonly gate: Gate;
  /** By then every load is over; settling and answering may take a little longer. */
  readonly deadline: Deadline;
  /** Counts of this run, for the fuse and the budget. */
  readonly tally: { badRows: number; isolationLoads: number };
}

/** Where a run stands. `held`, when there, is the claim for the first piece. */
export interface State {
  readonly work: readonly Piece[];
  readonly held?: Held;
}

/** What one step leads to. */
export type Step = ({ readonly kind: 'go' } & State) | { readonly kind: 'stop'; readonly reason: string };

export const go = (work: readonly Piece[], held?: Held): Step => ({ kind: 'go', work, ...(held === undefined ? {} : { held }) });
export const stop = (reason: string): Step => ({ kind: 'stop', reason });

/** Starts a run of one table. */
export function startRun(batch: Batch, table: TableBatch, routes: string, ports: Ports, rules: SettleRules, deadline: Deadline): Run {
  const { group } = table;
  const name = { loader: rules.labelPrefix, source: batch.source, target: targetName(table.target) };
  const key: CheckpointKey = group === undefined ? name : { ...name, group };
  const gate = ports.breaker.gate({ key, source: batch.source, late: isLate(table, ports.clock), telemetry: ports.telemetry });
  return { batch, table, key, routes, ports, rules, gate, deadline, tally: { badRows: 0, isolationLoads: 0 } };
}

/** Records are this old only when somebody could not load them before, or when there is a backlog. */
const LATE = seconds(30);

function isLate({ records: [oldest] }: TableBatch, clock: Clock): boolean {
  return oldest !== undefined && clock.now() - oldest.record.arrivedAt > LATE;
}

/** The table of a run. @throws {TypeError} for a run without one; only pieces with rows ask, and rows have a table. */
export function targetOf({ table }: { readonly table: { readonly target?: Target } }): Target {
  if (table.target === undefined) throw new TypeError('rows without a table');
  return table.target;
}

/** Names the columns by which rows can be counted; nothing unless all three are mapped. */
export function columnsOf({ positionColumns: { source, shard, position } }: Pick<SettleRules, 'positionColumns'>): string | undefined {
  return source === undefined || shard === undefined || position === undefined ? undefined : [source, shard, position].join();
}

/** Whether there is time for one more load. */
export function hasTime({ deadline }: Run): boolean {
  return deadline.remaining() >= SHORTEST_LOAD;
}

/** The label of a load of these rows; of records that are no rows it is a name like any other. */
export function labelOfRows(run: Run, rows: readonly DecodedRecord[]): Label {
  const members = rows.map(({ record }) => record);
  return labelOf(run.rules.labelPrefix, { source: run.batch.source, target: run.table.target ?? NO_TABLE, members });
}

const NO_TABLE: Target = { database: '-', table: '-' };

/** A claim's load, as events name it. */
export function factsOf({ batch, key }: Run, { label, first, last, rows }: Claim): LoadFacts {
  return { source: batch.source, target: key.target, label, first: spellPosition(first), last: spellPosition(last), rows };
}

export function firstPosition(records: readonly DecodedRecord[]): Position {
  return positionOf(records[0]);
}

export function lastPosition(records: readonly DecodedRecord[]): Position {
  return positionOf(records.at(-1));
}

function positionOf(record: DecodedRecord | undefined): Position {
  if (record === undefined) throw new TypeError('a piece without records');
  return record.record.position;
}

/** The records of pieces, in order. */
export function recordsOf(work: readonly Piece[]): DecodedRecord[] {
  return work.flatMap(({ records }) => records);
}
