import { randomUUID } from 'node:crypto';
import { beginTransaction, checkUserAndTable } from './begin.ts';
import type { Cluster } from './cluster.ts';
import { PlanError } from './engine.ts';
import { decideGroupCommit, type GroupCommit } from './group-commit.ts';
import { firstRefusal, headerChecks } from './load-checks.ts';
import type { LoadRequest } from './load-request.ts';
import { optionChecks } from './option-checks.ts';
import { type Refusal, refuse } from './refusal.ts';

/** A load between its headers and its reply. */
export interface Load {
  readonly request: LoadRequest;
  /** Own, generated, or `group_commit_...`. */
  readonly label: string;
  readonly group: GroupCommit;
  /** -1 before a transaction has begun. */
  readonly txnId: number;
  readonly comment: string;
  readonly beginMs: number;
  readonly putMs: number;
}

/** What the headers alone decide. A refused load may have a transaction already; it still has to be aborted. */
export type Prepared =
  | { readonly kind: 'ready'; readonly load: Load }
  | { readonly kind: 'refused'; readonly load: Load; readonly refusal: Refusal };

/** All that a BE does before it lets the body come (reference 2.1 steps 1 to 10). */
export function prepareLoad(cluster: Cluster, request: LoadRequest): Prepared {
  const decision = decideGroupCommit(request, cluster.behaviour);
  const blank: Load = { request, label: request.label, group: 'off', txnId: -1, comment: '', beginMs: 0, putMs: 0 };
  if (decision.kind === 'refused')
    return { kind: 'refused', load: { ...blank, label: request.label || newLabel() }, refusal: decision.refusal };
  const byHeader = decision.mode === 'sync' || decision.mode === 'async';
  const label = byHeader ? decision.label : decision.label || newLabel();
  const refusal = firstRefusal(headerChecks, request, cluster.behaviour);
  if (refusal !== undefined) return { kind: 'refused', load: { ...blank, label }, refusal };
  const load = { ...blank, label, comment: request.options['comment'] ?? '' };
  if (byHeader) return plan(cluster, { ...load, group: decision.mode as GroupCommit });
  return begin(cluster, load, decision.mode === 'by-table');
}

function begin(cluster: Cluster, load: Load, byTable: boolean): Prepared {
  const before = cluster.clock.now();
  const answer = beginTransaction(cluster, load.request, load.label, byTable);
  const begun = { ...load, beginMs: cluster.clock.now() - before };
  switch (answer.kind) {
    case 'refused':
      return { kind: 'refused', load: begun, refusal: answer.refusal };
    case 'grouped':
      return plan(cluster, { ...begun, group: answer.mode });
    case 'begun':
      return plan(cluster, { ...begun, txnId: answer.transaction.txnId });
    default:
      return answer satisfies never;
  }
}

function plan(cluster: Cluster, load: Load): Prepared {
  const before = cluster.clock.now();
  const refusal = optionsRefusal(cluster, load) ?? planRefusal(cluster, load);
  const planned = { ...load, putMs: cluster.clock.now() - before };
  return refusal === undefined ? { kind: 'ready', load: planned } : { kind: 'refused', load: planned, refusal };
}

function optionsRefusal(cluster: Cluster, { request }: Load): Refusal | undefined {
  return firstRefusal(optionChecks, request, cluster.behaviour);
}

function planRefusal(cluster: Cluster, { request, group }: Load): Refusal | undefined {
  const unknown = group === 'off' ? undefined : checkUserAndTable(cluster, request);
  if (unknown !== undefined) return unknown;
  try {
    cluster.engine.plan(request.target, request.options);
  } catch (error) {
    if (error instanceof PlanError) return refuse(error.code, error.message);
    throw error;
  }
  const mergeOnWrite = isMergeOnWrite(cluster, request);
  return cluster.behaviour.cloud && request.twoPhase && mergeOnWrite
    ? refuse('NOT_IMPLEMENTED_ERROR', 'stream load 2pc is unsupported for mow table')
    : undefined;
}

function isMergeOnWrite(cluster: Cluster, request: LoadRequest): boolean {
  const table = cluster.engine.table(request.target);
  return table?.keysType === 'UNIQUE_KEYS' && table.properties['enable_unique_key_merge_on_write'] !== 'false';
}

function newLabel(): string {
  return randomUUID();
}
