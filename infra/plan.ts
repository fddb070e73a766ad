import { targetsIn } from '../lib/plan/route.ts';
import type { Target } from '../lib/ports.ts';
import { batchOf } from './batch.ts';
import type { Loader } from './settings.ts';

/** Lambda's event holds 6 MB; around each record in base64 it writes about 430 bytes. */
const EVENT_BYTES = 6 * 1024 ** 2;
const ENVELOPE_BYTES = 430;
const SECONDS_A_MONTH = 730 * 3600;

/**
 * What the estimate of cost rests on. Lambda on arm64 and DynamoDB on demand, us-east-1, US dollars, as of November 2026 and from pages that
 * quote those of AWS: check aws.amazon.com/lambda/pricing and aws.amazon.com/dynamodb/pricing. No other service is counted.
 * A write of a ledger item with a claim is taken for two write units, an invocation for half a second and its bytes at 10 MB/s.
 */
export const PRICES = { gigabyteSecond: 0.0000133334, request: 0.2e-6, writeUnit: 0.625e-6 };
const WRITES_A_LOAD = { labelled: 2, 'two-phase': 3, 'group-commit-may-duplicate': 2 } as const;
const UNITS_A_WRITE = 2;
const invocationSeconds = (bytes: number): number => 0.5 + bytes / 10_000_000;

type Traffic = NonNullable<Loader['traffic']>;

/** How a loader's records come. */
interface Batches {
  readonly shards: number;
  readonly recordsPerBatch: number;
  readonly perSecond: number;
  /** What ends a batch. */
  readonly fullBy: 'window' | 'size' | 'event' | 'message';
}

/** What a loader will do to Doris and to the bill. */
export interface LoaderPlan {
  readonly traffic: Traffic;
  readonly shards: number;
  readonly fullBy: Batches['fullBy'];
  readonly recordsPerLoad: number;
  readonly loadsPerMinutePerTable: number;
  /** Loads a second into each database. */
  readonly databases: ReadonlyMap<string, number>;
  /** How long Doris remembers a label in the busiest of them when this loader is alone there. */
  readonly labelMinutes: number;
  readonly month: Month;
  readonly dollarsAMonth: number;
}

/** What a loader uses in a month of 730 hours. */
interface Month {
  readonly invocations: number;
  readonly gigabyteSeconds: number;
  readonly writeUnits: number;
}

/** The plan of a loader for the traffic that its settings expect; `undefined` when they name none. */
export function planOf(loader: Loader): LoaderPlan | undefined {
  const { traffic, environment } = loader;
  if (traffic === undefined) return undefined;
  const batches = batchesOf(loader, traffic);
  const tables = tablesOf(loader);
  const recordsPerTable = batches.recordsPerBatch / tables.length;
  const pieces = piecesOf(loader, recordsPerTable, traffic.recordBytes);
  const loadsPerSecond = batches.perSecond * pieces;
  const databases = new Map<string, number>();
  for (const { database } of tables) databases.set(database, (databases.get(database) ?? 0) + loadsPerSecond);
  const { longest, transactions } = environment.config.load.labelMemory;
  const month = monthOf(loader, batches, batches.recordsPerBatch * traffic.recordBytes, loadsPerSecond * tables.length);
  return {
    traffic,
    shards: batches.shards,
    fullBy: batches.fullBy,
    recordsPerLoad: recordsPerTable / pieces,
    loadsPerMinutePerTable: loadsPerSecond * 60,
    databases,
    labelMinutes: Math.min(longest / 1000, transactions / Math.max(...databases.values())) / 60,
    month,
    dollarsAMonth: month.invocations * PRICES.request + month.gigabyteSeconds * PRICES.gigabyteSecond + month.writeUnits * PRICES.writeUnit,
  };
}

function batchesOf(loader: Loader, { shards: expected, recordsPerSecond, recordBytes, recordsPerMessage }: Traffic): Batches {
  const { source } = loader;
  // Each message is loaded by itself unless several are coalesced: this is the most that it can be.
  if (source.kind === 'iggy')
    return { shards: expected, recordsPerBatch: recordsPerMessage, perSecond: recordsPerSecond / recordsPerMessage, fullBy: 'message' };
  const { size, windowSeconds = 0 } = batchOf(loader);
  const shards = source.kind === 'new-kinesis-stream' ? (source.shards ?? expected) : expected;
  const limits = {
    window: (recordsPerSecond / shards) * windowSeconds,
    size,
    event: Math.floor(EVENT_BYTES / ((recordBytes * 4) / 3 + ENVELOPE_BYTES)),
  };
  const least = Math.min(...Object.values(limits));
  const recordsPerBatch = Math.max(1, least);
  const fullBy = limits.window === least ? 'window' : limits.size === least ? 'size' : 'event';
  return { shards, recordsPerBatch, perSecond: recordsPerSecond / recordsPerBatch, fullBy };
}

/** Every table that a loader may load into. */
export function tablesOf({ environment: { config } }: Loader): readonly Target[] {
  return targetsIn(config.load.routing);
}

function piecesOf({ environment: { config } }: Loader, records: number, recordBytes: number): number {
  const { maxRows, maxBytes } = config.load.limits;
  return Math.max(1, Math.ceil(records / maxRows), Math.ceil((records * recordBytes) / maxBytes));
}

function monthOf(loader: Loader, { perSecond }: Batches, batchBytes: number, loadsPerSecond: number): Month {
  const writesPerSecond = loadsPerSecond * WRITES_A_LOAD[loader.environment.config.doris.mode];
  return {
    invocations: perSecond * SECONDS_A_MONTH,
    gigabyteSeconds: perSecond * SECONDS_A_MONTH * invocationSeconds(batchBytes) * (loader.function.memoryMb / 1024),
    writeUnits: writesPerSecond * UNITS_A_WRITE * SECONDS_A_MONTH,
  };
}
