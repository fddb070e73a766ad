import type { Loader } from './settings.ts';

/** Lambda's event holds 6 MB; around each record in base64 it writes about 430 bytes. */
const EVENT_BYTES = 6 * 1024 ** 2;
const ENVELOPE_BYTES = 430;
/** Doris (not cloud) remembers a label for the next 2,000 transactions of its database (`label_num_threshold`). */
const LABELS_REMEMBERED = 2000;
const SECONDS_A_MONTH = 730 * 3600;

/**
 * What the estimate of cost rests on. Lambda on arm64 and DynamoDB on demand, us-east-1, US dollars; no other service is counted.
 * A write of a ledger item with a claim is taken for two write units, an invocation for half a second and its bytes at 10 MB/s.
 */
const PRICES = { gigabyteSecond: 0.0000133334, request: 0.2e-6, writeUnit: 0.625e-6 };
const WRITES_A_LOAD = 2;
const UNITS_A_WRITE = 2;
const invocationSeconds = (bytes: number): number => 0.5 + bytes / 10_000_000;

/** What a loader will do to Doris and to the bill. */
export interface LoaderPlan {
  readonly tables: number;
  readonly shards: number;
  readonly recordsPerLoad: number;
  readonly loadsPerMinutePerTable: number;
  /** How long Doris remembers a label when this loader is alone in its database. */
  readonly labelMinutes: number;
  readonly dollarsAMonth: number;
  readonly warnings: readonly string[];
}

/** The plan of a loader for the traffic that its settings expect; `undefined` when they name none. */
export function planOf(loader: Loader): LoaderPlan | undefined {
  const { traffic, batch, source } = loader;
  if (traffic === undefined) return undefined;
  const shards = source.kind === 'new-kinesis-stream' ? (source.shards ?? traffic.shards) : traffic.shards;
  const perShard = traffic.recordsPerSecond / shards;
  const fitting = Math.floor(EVENT_BYTES / ((traffic.recordBytes * 4) / 3 + ENVELOPE_BYTES));
  const batchRecords = Math.max(1, Math.min(batch.size, fitting, perShard * batch.windowSeconds));
  const batchesPerSecond = traffic.recordsPerSecond / batchRecords;
  const tables = tablesOf(loader).length;
  const pieces = piecesOf(loader, batchRecords / tables, traffic.recordBytes);
  const loadsPerMinutePerTable = batchesPerSecond * 60 * pieces;
  const loadsPerSecond = batchesPerSecond * pieces * tables;
  const gigabyteSeconds = batchesPerSecond * invocationSeconds(batchRecords * traffic.recordBytes) * (loader.function.memoryMb / 1024);
  const dollarsASecond =
    batchesPerSecond * PRICES.request +
    gigabyteSeconds * PRICES.gigabyteSecond +
    loadsPerSecond * WRITES_A_LOAD * UNITS_A_WRITE * PRICES.writeUnit;
  const plan = {
    tables,
    shards,
    recordsPerLoad: batchRecords / tables / pieces,
    loadsPerMinutePerTable,
    labelMinutes: LABELS_REMEMBERED / (loadsPerSecond * 60),
    dollarsAMonth: dollarsASecond * SECONDS_A_MONTH,
  };
  return { ...plan, warnings: warningsOf(loader, plan, perShard * traffic.recordBytes, perShard) };
}

/** Every table that a loader may load into, as `database.table`. */
export function tablesOf({ environment: { config } }: Loader): string[] {
  const { rules, defaultTarget } = config.load.routing;
  const targets = [...rules.map(({ target }) => target), ...(defaultTarget === undefined ? [] : [defaultTarget])];
  return [...new Set(targets.map(({ database, table }) => `${database}.${table}`))];
}

function piecesOf({ environment: { config } }: Loader, records: number, recordBytes: number): number {
  const { maxRows, maxBytes } = config.load.limits;
  return Math.max(1, Math.ceil(records / maxRows), Math.ceil((records * recordBytes) / maxBytes));
}

/** More than a load a second into one table, and compaction falls behind; at 2,000 versions of a tablet Doris refuses loads (-235). */
const CALM_LOADS_A_MINUTE = 60;
/** A batch that failed comes again within minutes; by then its label must not be forgotten. */
const LEAST_LABEL_MINUTES = 15;

function warningsOf(
  loader: Loader,
  { loadsPerMinutePerTable, shards, labelMinutes }: Omit<LoaderPlan, 'warnings'>,
  bytesPerShard: number,
  recordsPerShard: number,
): string[] {
  const warnings: string[] = [];
  if (loadsPerMinutePerTable > CALM_LOADS_A_MINUTE)
    warnings.push(
      `version pressure: ${round(loadsPerMinutePerTable)} loads a minute per table, more than one a second; raise batch.windowSeconds (${loader.batch.windowSeconds}) and batch.size (${loader.batch.size})`,
    );
  if (labelMinutes < LEAST_LABEL_MINUTES)
    warnings.push(`Doris forgets a label after ${round(labelMinutes)} min; a load in doubt that comes again later cannot be proved by it`);
  if (bytesPerShard > 1024 ** 2 || recordsPerShard > 1000)
    warnings.push(
      `a shard takes 1 MB and 1000 records a second; ${round(recordsPerShard)} records of ${round(bytesPerShard)} bytes are expected in each`,
    );
  const { reservedConcurrency } = loader.function;
  if (reservedConcurrency !== undefined && reservedConcurrency < shards)
    warnings.push(`function.reservedConcurrency (${reservedConcurrency}) is below the ${shards} shards; some will wait`);
  return warnings;
}

/** Two significant digits are all that an estimate has. */
export function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}
