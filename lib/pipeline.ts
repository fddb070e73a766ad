import type { Deadline } from './deadline.ts';
import { splitByTable, type TableBatch } from './plan/plan.ts';
import { membersOf, type Routing } from './plan/route.ts';
import { type Ports, type SettleRules, startRun } from './settle/run.ts';
import { settleTable, type TableSettlement } from './settle/settle-table.ts';
import type { Batch } from './source/record.ts';
import { type EpochMillis, epochMillis, millis } from './units.ts';

/** How a batch ended: settled through its end, or the item from which its source has to bring it again. */
export type Settlement = { readonly kind: 'settled' } | { readonly kind: 'unsettled'; readonly from: string };

/** What the operator decides about loading. */
export interface LoadRules extends SettleRules {
  readonly routing: Routing;
}

/**
 * Carries one batch to its tables: each record is in Doris, or with the dead letters, or comes again. Tables are settled side by side and
 * do not wait for each other; what one could not settle is delivered again, and what the others settled is then trimmed.
 * @throws {ContractViolation} see {@link settleTable}; other tables are finished first.
 */
export async function loadBatch(batch: Batch, ports: Ports, rules: LoadRules, deadline: Deadline): Promise<Settlement> {
  const started = ports.clock.elapsed();
  const tables = splitByTable(batch, rules.routing);
  const outcomes = await Promise.allSettled(
    tables.map((table) => {
      const routes = membersOf(rules.routing, batch.source, table.target);
      return settleTable(startRun(batch, table, routes, ports, rules, deadline));
    }),
  );
  const settlements = outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  const settlement = lowest(batch, settlements);
  if (batch.duplicates > 0)
    ports.telemetry.record({ kind: 'duplicates-absorbed', source: batch.source, target: '-', records: batch.duplicates });
  const took = millis(ports.clock.elapsed() - started);
  const counts = { records: batch.records.length, tables: tables.length, unsettled: unsettledRecords(tables, settlements) };
  ports.telemetry.record({ kind: 'batch', source: batch.source, ...counts, ...newestSettled(batch, settlements), took });
  return settlement;
}

/** The lowest position that some table could not settle; else where decoding stopped. */
function lowest(batch: Batch, settlements: readonly TableSettlement[]): Settlement {
  const records = settlements.flatMap((settlement) => (settlement.kind === 'unsettled' ? [settlement.from.record] : []));
  const [first] = records.toSorted((a, b) => (a.position < b.position ? -1 : 1));
  if (first !== undefined) return { kind: 'unsettled', from: first.itemIdentifier };
  return batch.leftFrom === undefined ? { kind: 'settled' } : { kind: 'unsettled', from: batch.leftFrom };
}

function unsettledRecords(tables: readonly TableBatch[], settlements: readonly TableSettlement[]): number {
  return tables.reduce((sum, { records }, index) => {
    const settlement = settlements[index];
    return settlement?.kind === 'unsettled' ? sum + records.length - records.indexOf(settlement.from) : sum;
  }, 0);
}

/** Arrival of the newest record before the first that is unsettled: how far behind the source the tables are, at most. */
function newestSettled({ records }: Batch, settlements: readonly TableSettlement[]): { settledArrival?: EpochMillis } {
  const open = settlements.flatMap((settlement) =>
    settlement.kind === 'unsettled' ? [records.findIndex(({ record }) => record === settlement.from.record)] : [],
  );
  const newest = records[Math.min(records.length, ...open) - 1];
  return newest === undefined ? {} : { settledArrival: epochMillis(newest.record.arrivedAt) };
}
