import { batchOf } from './batch.ts';
import type { LoaderPlan } from './plan.ts';
import type { Loader } from './settings.ts';

/** More than a load a second into one table, and compaction falls behind; at 2,000 versions of a tablet Doris refuses loads (-235). */
const CALM_LOADS_A_MINUTE = 60;
/** A batch that failed comes again within minutes; by then its label must not be forgotten. */
const LEAST_LABEL_MINUTES = 15;

/** What in a plan asks for other settings. */
export function planWarnings(loader: Loader, plan: LoaderPlan): string[] {
  const { loadsPerMinutePerTable, shards, labelMinutes, traffic } = plan;
  const warnings: string[] = [];
  // Many loads share one transaction, and none has a label.
  const grouped = loader.environment.config.doris.mode === 'group-commit-may-duplicate';
  if (!grouped && loadsPerMinutePerTable > CALM_LOADS_A_MINUTE)
    warnings.push(
      `version pressure: ${round(loadsPerMinutePerTable)} loads a minute per table, more than one a second; ${remedy(loader, plan)}`,
    );
  if (!grouped && labelMinutes < LEAST_LABEL_MINUTES)
    warnings.push(`Doris forgets a label after ${round(labelMinutes)} min; a load in doubt that comes again later cannot be proved by it`);
  const perShard = traffic.recordsPerSecond / shards;
  if (loader.source.kind !== 'iggy' && (perShard * traffic.recordBytes > 1024 ** 2 || perShard > 1000))
    warnings.push(
      `a shard takes 1 MB and 1000 records a second; ${round(perShard)} of ${round(traffic.recordBytes)} bytes are expected in each`,
    );
  const { reservedConcurrency } = loader.function;
  if (loader.source.kind !== 'iggy' && reservedConcurrency !== undefined && reservedConcurrency < shards)
    warnings.push(`function.reservedConcurrency (${reservedConcurrency}) is below the ${shards} shards; some will wait`);
  return warnings;
}

function remedy(loader: Loader, { fullBy }: LoaderPlan): string {
  const { size, windowSeconds } = batchOf(loader);
  switch (fullBy) {
    case 'window':
      return `raise batch.windowSeconds (${windowSeconds})`;
    case 'size':
      return `raise batch.size (${size})`;
    case 'message':
      return 'raise batch_length of http_sink, as far as its bodies stay below 1 MB';
    case 'event':
      return 'the 6 MB of an event are full before the window ends: compress records, or carry them in fewer shards';
    default:
      return fullBy satisfies never;
  }
}

/** Two significant digits are all that an estimate has. */
export function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}
