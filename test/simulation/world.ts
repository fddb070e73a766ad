import type { CheckpointKey } from '../../lib/ledger/checkpoint.ts';
import type { Actor, Faults } from './faults.ts';
import type { Reached } from './paths.ts';
import type { Scenario } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import type { Truth } from './truth.ts';

/** What every part of a simulation shares. */
export interface World {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly truth: Truth;
  readonly figures: { invocations: number; loads: number; attempts: number };
  /** Where it came, and how often. */
  readonly reached: Reached;
  /** Labels of claims that wait for a person, and where they stand. */
  readonly waiting: Map<string, CheckpointKey>;
  /** Writes down what happened; costs nothing when nobody reads it. */
  trace(actor: string, text: () => string): void;
}

/** Wall-clock time at the start of every simulation. */
export const EPOCH = 1_700_000_000_000;

/** Machines disagree by no more than twice this. */
export const CLOCK_ERROR = 1_000;

/** Between the permission to send a request and its arrival lies no more: the client gives a connection up then. */
export const CONNECT_TIMEOUT = 3_000;

/** What leases rest on. */
export const ATTEMPT_GRACE = CONNECT_TIMEOUT + 2 * CLOCK_ERROR;

/** How long something takes on the way: mostly milliseconds, seldom seconds, never so long that a connection is given up. */
export function latency({ draw }: Actor): number {
  const luck = draw();
  if (luck < 0.85) return 1 + draw() * 20;
  return luck < 0.97 ? 20 + draw() * 400 : 400 + draw() * (CONNECT_TIMEOUT / 2 - 450);
}
