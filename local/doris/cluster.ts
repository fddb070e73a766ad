import type { Credentials } from './auth.ts';
import type { Behaviour } from './behaviour.ts';
import type { Clock } from './clock.ts';
import type { Engine, StagedRows } from './engine.ts';
import type { ErrorLogs } from './error-log.ts';
import type { Faults } from './faults.ts';
import type { HeldTasks } from './held.ts';
import type { Listener, Tls } from './listener.ts';
import type { Pending } from './pending.ts';
import type { Transactions } from './transactions.ts';

/** A backend as the FE knows it. */
export interface BackendNode {
  /** `be0`, `be1`, ... */
  readonly name: string;
  readonly listener: Listener;
  /** What the FE's heartbeat last said; only live backends get loads. */
  alive: boolean;
}

/** Everything that the nodes of one stand-in share. */
export interface Cluster {
  readonly engine: Engine;
  readonly transactions: Transactions;
  /** Rows of transactions that are not published yet. */
  readonly staged: Map<number, StagedRows>;
  readonly errorLogs: ErrorLogs;
  readonly faults: Faults;
  readonly held: HeldTasks;
  /** Requests being answered and rows being dropped. */
  readonly pending: Pending;
  readonly behaviour: Behaviour;
  readonly clock: Clock;
  readonly credentials: Credentials;
  readonly frontend: Listener;
  readonly backends: readonly BackendNode[];
  readonly tls?: Tls;
  /** When it began, for `/api/bootstrap`. */
  readonly startTime: number;
  /** Aborts when the stand-in closes: nothing may wait longer. */
  readonly closing: AbortSignal;
  /** Round robin over the live backends (reference 1.2). */
  nextBackend(): BackendNode | undefined;
  /** Drops the backend's connections and aborts its open transactions. */
  restartBackend(name: string): void;
  /** Counts a label's visits to a kind of node. @returns 1 for the first */
  visit(kind: 'fe' | 'be', database: string, label: string): number;
}
