import { QUEUE_FAULTS } from '../faults.ts';
import { between, type Draw, drawsOf, oneOf } from '../random.ts';
import { type PlannedRecord, type PlannedShard, ratesOf, type Scenario, scenarioOf, type Themes } from '../scenario.ts';
import { EPOCH } from '../world.ts';

/** What Iggy knows a message by. An offset alone names several when its topic is purged. */
export interface Identity {
  readonly partition: number;
  readonly offset: bigint;
  /** 32 hex digits; not every producer makes them unique. */
  readonly id: string;
  /** Microseconds. */
  readonly timestamp: bigint;
}

/** A whole life of a topic whose messages come through a queue: everything that is decided before it begins. */
export interface QueueScenario extends Scenario {
  readonly queue: 'standard' | 'fifo';
  /** Of a FIFO queue: a group a partition, or one for all. */
  readonly groups: 'one' | 'each partition';
  readonly batchMode: 'individual' | 'ndjson' | 'json_array';
  /** Records that a poll of the connector begins with. */
  readonly cuts: ReadonlySet<number>;
  readonly identities: ReadonlyMap<number, Identity>;
  /** Batches that the event source mapping has under way. */
  readonly concurrency: number;
  /** Of the queue. */
  readonly visibilityTimeout: number;
  /** IGGY_RETRY_MAX_SECONDS, in milliseconds. */
  readonly longestHidden: number;
  /** An outage that began in the storm goes on after it. */
  readonly outlasts: boolean;
}

const THEMES: Themes = [
  [
    'killed',
    'reply-lost',
    'fail-stored',
    'fail-lost',
    'publish-timeout',
    'locked-visible',
    'sink-shift',
    'delivered-twice',
    'deletion-lost',
  ],
  [
    'delivered-twice',
    'frozen',
    'clock-jump',
    'ledger-silent',
    'ledger-duplicate',
    'ledger-reply-lost',
    'killed',
    'sink-repeat',
    'sink-shift',
  ],
  ['labels-crowded-out', 'paused', 'killed', 'reply-lost', 'unreachable', 'outage', 'master-failover', 'sink-repeat', 'sink-shift'],
  ['schema-mistake', 'killed', 'delivered-twice', 'late-abort', 'queue-down', 'queue-partial', 'queue-reply-lost', 'sink-shift', 'frozen'],
  ['not-invoked', 'visibility-refused', 'visibility-down', 'ledger-throttled', 'outage', 'deletion-lost', 'overload', 'sink-repeat'],
  QUEUE_FAULTS,
];

/** Draws a scenario. What it has in common with that of a stream is drawn alike. */
export function queueScenarioOf(seed: number): QueueScenario {
  const base = scenarioOf(seed);
  const draw = drawsOf(seed, 'queue');
  const shards = partitionsOf(draw, base.shards);
  const queue: QueueScenario['queue'] = oneOf(draw, ['standard', 'standard', 'fifo']);
  const { mode } = base;
  const longestHidden = oneOf(draw, [30_000, 1_800_000]);
  return {
    ...base,
    shards,
    mode: mode === 'group-commit-may-duplicate' || mode === 'any' ? 'labelled' : mode,
    queue,
    batchSize: queue === 'fifo' ? Math.min(10, base.batchSize) : base.batchSize,
    groups: oneOf(draw, ['one', 'each partition']),
    batchMode: oneOf(draw, ['individual', 'ndjson', 'json_array', 'json_array']),
    cuts: cutsOf(draw, shards),
    identities: identitiesOf(draw, shards),
    concurrency: oneOf(draw, [1, 2, 3]),
    // AWS takes none below the function's own, and recommends six times as long.
    visibilityTimeout: base.timeout * oneOf(draw, [1, 6]),
    longestHidden,
    outlasts: longestHidden > 1_000_000 && draw() < 0.2,
    rates: ratesOf(draw, QUEUE_FAULTS, THEMES),
  };
}

function partitionsOf(draw: Draw, shards: readonly PlannedShard[]): PlannedShard[] {
  const count = oneOf(draw, [1, 1, 2]);
  const misfits = oneOf(draw, [0, 0, 0, 0.1]);
  const partitions = Array.from({ length: count }, (_, index) => ({ id: String(index), records: [] as PlannedRecord[] }));
  for (const { aggregate: _, ...record } of shards.flatMap(({ records }) => records)) {
    const isMisfit = draw() < misfits;
    partitions[between(draw, 0, count - 1)]?.records.push(isMisfit ? { ...record, nature: 'misfit' } : record);
  }
  return partitions;
}

function cutsOf(draw: Draw, shards: readonly PlannedShard[]): Set<number> {
  const length = oneOf(draw, [1, 2, 4, 100]);
  return new Set(shards.flatMap(({ records }) => records.flatMap(({ n }) => (draw() < 1 / length ? [n] : []))));
}

/** The last one leaves room for a few hundred messages up to 2^64 - 1. */
const FIRST_OFFSETS = [0n, 0n, 9_007_199_254_740_991n, 18_446_744_073_709_400_000n] as const;

/** Between what a crashed server had reserved and what it gives next (reference 4). */
const GAP = 65_536n;

function identitiesOf(draw: Draw, shards: readonly PlannedShard[]): Map<number, Identity> {
  const first = oneOf(draw, FIRST_OFFSETS);
  const [purges, gaps] = [oneOf(draw, [0, 0, 0.1, 0.3]), oneOf(draw, [0, 0, 0.2])];
  const ids: 'unique' | 'counted' | 'none' = oneOf(draw, ['unique', 'counted', 'none']);
  const identities = new Map<number, Identity>();
  for (const [partition, { records }] of shards.entries()) {
    let offset = first;
    let incarnation = 0n;
    for (const { n, arrivesAt } of records) {
      if (draw() < purges) {
        offset = 0n;
        incarnation += 1n;
      } else if (draw() < gaps && first === 0n) offset += GAP;
      const id = { unique: BigInt(n) + 1n, counted: offset, none: 0n }[ids].toString(16).padStart(32, '0');
      identities.set(n, { partition, offset, id, timestamp: BigInt(EPOCH + arrivesAt) * 1000n + incarnation });
      offset += 1n;
    }
  }
  return identities;
}
