import type { Breaker } from '../breaker.ts';
import type { Clock } from '../clock.ts';
import type { DeadLetters } from '../dead-letter/letter.ts';
import { type Deadline, deadlineIn } from '../deadline.ts';
import type { CheckpointKey, Claim, Ledger } from '../ledger/checkpoint.ts';
import { type Label, labelOf } from '../plan/label.ts';
import type { LoadLimits, Piece } from '../plan/pieces.ts';
import { type TableBatch, targetName } from '../plan/plan.ts';
import type { Doris, Target } from '../ports.ts';
import type { Position } from '../source/position.ts';
import type { Batch, DecodedRecord, Row } from '../source/record.ts';
import type { Telemetry } from '../telemetry.ts';
import { type EpochMillis, type Millis, millis, seconds } from '../units.ts';

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
  /** How long Doris surely remembers a label: after that, UNKNOWN proves nothing. */
  readonly labelMemory: Millis;
}

/** No attempt starts with less time left: Doris's own timeout counts whole seconds. */
export const SHORTEST_LOAD = seconds(1);

/**
 * For so long a claim lets its holder start attempts; then it has to be renewed, which fails when somebody took it over. A successor that
 * must be sure that no attempt will start any more waits this long, not for the end of a whole invocation.
 */
export const LEASE = seconds(3);

/** One table's share of one batch on its way to being settled. */
export interface Run {
  readonly batch: Batch;
  readonly table: TableBatch;
  readonly key: CheckpointKey;
  readonly ports: Ports;
  readonly rules: SettleRules;
  /** By then every load is over; settling and answering may take a little longer. */
  readonly deadline: Deadline;
  /** Counts of this run, for the fuse and the budget. */
  readonly tally: { badRows: number; isolationLoads: number };
}

/** A claim that this invocation holds. */
export interface Held {
  readonly claim: Claim;
  /** Until then the invocation that it was taken over from may still start an attempt under its label. */
  readonly sharedUntil?: EpochMillis;
  /** The label that `claim` carries was found open. */
  readonly replay: boolean;
  /** Until then attempts may start without asking the ledger. */
  readonly lease: Deadline;
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
export function startRun(batch: Batch, table: TableBatch, ports: Ports, rules: SettleRules, deadline: Deadline): Run {
  const key = { loader: rules.labelPrefix, source: batch.source, target: targetName(table.target) };
  return { batch, table, key, ports, rules, deadline, tally: { badRows: 0, isolationLoads: 0 } };
}

/** The table of a run. @throws {TypeError} for a run without one; only pieces with rows ask, and rows have a table. */
export function targetOf({ table }: Run): Target {
  if (table.target === undefined) throw new TypeError('rows without a table');
  return table.target;
}

/** Whether there is time for one more load. */
export function hasTime({ deadline }: Run): boolean {
  return deadline.remaining() >= SHORTEST_LOAD;
}

export function labelOfRows(run: Run, rows: readonly Row[]): Label {
  const positions = rows.map(({ record }) => record.position);
  return labelOf(run.rules.labelPrefix, { source: run.batch.source, target: targetOf(run), positions });
}

/** A lease from now on, within the invocation. */
export function leaseOf({ deadline, ports }: Run): Deadline {
  return deadlineIn(millis(Math.min(LEASE, deadline.remaining())), ports.clock);
}

/** The claim for a piece with rows, as it will be held once it is written, before its first attempt. */
export function claimFor(run: Run, piece: Piece): Held {
  const lease = leaseOf(run);
  const claim: Claim = {
    state: { kind: 'open' },
    label: labelOfRows(run, piece.rows),
    first: firstPosition(piece.records),
    last: lastPosition(piece.records),
    rows: piece.rows.length,
    origin: piece.origin,
    deadline: lease.at,
    epoch: 1,
    claimedAt: run.ports.clock.now(),
  };
  return { claim, lease, replay: false };
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

/** Milliseconds until no other invocation may start an attempt under a claim that was taken over; 0 when it is this run's alone. */
export function sharedFor({ ports, rules }: Run, until: EpochMillis | undefined): Millis {
  return millis(until === undefined ? 0 : Math.max(0, until + rules.attemptGrace - ports.clock.now()));
}
