import { type FaultKind, STREAM_FAULTS } from './faults.ts';
import { between, type Draw, drawsOf, oneOf } from './random.ts';

/**
 * What a record is: loadable; undecodable; larger than a row may be; for no table; refused by its table for ever; good, but refused while
 * the schema mistake lasts; of a queue, a body that has no shape.
 */
export type Nature = 'good' | 'broken' | 'huge' | 'stray' | 'refused' | 'picky' | 'misfit';

/** What a backend makes of a packed load: the rows, nothing at all, or bad rows. */
export type Unpacking = 'unpacked' | 'refused' | 'read-as-it-is';
export const UNPACKINGS: readonly [Unpacking, ...Unpacking[]] = ['unpacked', 'refused', 'read-as-it-is'];

/** One record of the made-up stream. */
export interface PlannedRecord {
  /** Unique in the scenario; the row carries it. */
  readonly n: number;
  readonly nature: Nature;
  /** Index of its table; undecodable records have none where a field decides. */
  readonly table: number;
  readonly arrivesAt: number;
  /** Of a user record in a KPL aggregate: the number of the aggregate's first one. Those between are in it as well. */
  readonly aggregate?: number;
}

export interface PlannedShard {
  readonly id: string;
  /** Delivered only when its parent is drained. */
  readonly parent?: number;
  readonly records: readonly PlannedRecord[];
}

/** A whole life of a few shards: everything that is decided before it begins. */
export interface Scenario {
  readonly seed: number;
  readonly shards: readonly PlannedShard[];
  readonly tables: 1 | 2;
  readonly batchSize: number;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly fuseShare: number;
  readonly fuseRows: number;
  readonly isolationLoads: number;
  /** Lambda's timeout. */
  readonly timeout: number;
  readonly bisects: boolean;
  readonly route: 'frontend' | 'backend';
  /** `both`: some machines in this mode, some in that; `any`: group commit among them. */
  readonly mode: 'labelled' | 'two-phase' | 'both' | 'group-commit-may-duplicate' | 'any';
  /** Rows of a load up to which one bad row makes group commit refuse all of it; of a larger load the good rows are stored. */
  readonly groupMemoryRows: number;
  /** Whether loads are packed, and what backends make of that; of mixed releases, now this and now that. */
  readonly packing: 'off' | Unpacking | 'mixed';
  /** Finished transactions of a database whose labels Doris remembers. */
  readonly labelThreshold: number;
  /** So many do not finish in less time: a younger label is remembered for sure. */
  readonly crowdedOutAfter: number;
  /** Transactions that the cluster saw before. */
  readonly earlierTransactions: number;
  readonly model: 'duplicate' | 'unique';
  /** Whether rows carry where they came from. */
  readonly positionColumns: boolean;
  /** Whether the loader may ask for the table's model and rows. */
  readonly mayAsk: boolean;
  readonly onUnverifiable: 'wait' | 'reload' | 'dead-letter';
  /** How long the source keeps records. */
  readonly retention: number;
  /** Things go wrong during so many deliveries; then everything must settle. */
  readonly stormyDeliveries: number;
  readonly rates: ReadonlyMap<FaultKind, number>;
}

const HOUR = 3_600_000;

/** Draws a scenario. Each has only some of the faults, so that rare ones meet undisturbed ones. */
export function scenarioOf(seed: number): Scenario {
  const draw = drawsOf(seed, 'scenario');
  const tables = draw() < 0.3 ? 2 : 1;
  const poison = oneOf(draw, [0, 0, 0.1, 0.3, 1]);
  const picky = oneOf(draw, [0, 0, 0, 0.5, 1]);
  const retention = oneOf(drawsOf(seed, 'retention'), [24 * HOUR, 168 * HOUR]);
  // Seldom so far apart that some expire while others come.
  const trickles = retention === 24 * HOUR && drawsOf(seed, 'trickle')() < 0.15;
  const mode = oneOf(drawsOf(seed, 'mode'), MODES);
  const often = oneOf(draw, [0, 0, 50, 2_000]);
  const spacing = trickles ? 5 * HOUR : often;
  // Seldom so many that Doris stops counting bad rows (reference 9.13).
  const many = draw() < 0.02;
  return {
    seed,
    tables,
    shards: packed(
      drawsOf(seed, 'aggregates'),
      shardsOf(draw, { tables, poison, picky, spacing, most: many ? 150 : oneOf(draw, [4, 8, 16]) }),
    ),
    batchSize: many ? 150 : between(draw, 1, 12),
    maxRows: oneOf(draw, [1, 2, 3, 100, 100]),
    maxBytes: oneOf(draw, [100, 10_000, 100_000]),
    fuseShare: oneOf(draw, [1, 0.5]),
    fuseRows: between(draw, 1, 5),
    isolationLoads: oneOf(draw, [12, 1_000]),
    timeout: oneOf(draw, [6_000, 15_000, 60_000]),
    bisects: draw() < 0.5,
    route: draw() < 0.25 ? 'backend' : 'frontend',
    mode,
    // A loader that may group loads is not configured to pack any.
    packing: mayDouble({ mode }) ? 'off' : oneOf(drawsOf(seed, 'packing'), ['off', 'off', ...UNPACKINGS, 'mixed'] as const),
    groupMemoryRows: oneOf(drawsOf(seed, 'group commit'), [10_000, 2]),
    labelThreshold: oneOf(draw, [5, 20, 2_000]),
    crowdedOutAfter: oneOf(draw, [12_000, 100_000]),
    earlierTransactions: oneOf(draw, [0, 100_000]),
    model: oneOf(draw, ['duplicate', 'duplicate', 'duplicate', 'unique']),
    positionColumns: draw() < 0.3,
    mayAsk: draw() < 0.7,
    onUnverifiable: oneOf(draw, ['wait', 'reload', 'dead-letter', 'dead-letter']),
    retention,
    stormyDeliveries: between(draw, 2, 14),
    rates: streamRatesOf(draw),
  };
}

const MODES: readonly [Scenario['mode'], ...Scenario['mode'][]] = [
  ...(['labelled', 'labelled', 'labelled', 'labelled', 'two-phase', 'two-phase'] as const),
  ...(['both', 'both', 'group-commit-may-duplicate', 'any'] as const),
];

/** Whether a record may be stored more than once: after a load in doubt without a label. */
export function mayDouble({ mode }: Pick<Scenario, 'mode'>): boolean {
  return mode === 'group-commit-may-duplicate' || mode === 'any';
}

/** Whether requests may reach Doris long after their permission: only rows that nobody sees before the ledger allows it can stand that. */
export function mayArriveLate({ mode, rates }: Scenario): boolean {
  return mode === 'two-phase' && rates.has('late-arrival');
}

/** Packs some user records into aggregates, as a producer with the KPL does. */
function packed(draw: Draw, shards: PlannedShard[]): PlannedShard[] {
  const share = oneOf(draw, [0, 0, 0.3, 1]);
  return shards.map((shard) => {
    const records: PlannedRecord[] = [];
    let left = 0;
    for (const record of shard.records) {
      const before = records.at(-1);
      if (left-- > 0 && before?.aggregate !== undefined) {
        records.push({ ...record, aggregate: before.aggregate, arrivesAt: before.arrivesAt });
        continue;
      }
      const opens = draw() < share;
      left = opens ? between(draw, 0, 5) : 0;
      records.push(opens ? { ...record, aggregate: record.n } : record);
    }
    return { ...shard, records };
  });
}

interface Mixture {
  readonly tables: number;
  readonly poison: number;
  readonly picky: number;
  readonly spacing: number;
  /** Records of one shard. */
  readonly most: number;
}

function shardsOf(draw: Draw, mixture: Mixture): PlannedShard[] {
  const count = oneOf(draw, [1, 1, 1, 2]);
  const children = draw() < 0.2 ? 2 : 0;
  let next = 0;
  return Array.from({ length: count + children }, (_, index) => {
    const records = Array.from({ length: between(draw, 1, mixture.most) }, () => recordOf(draw, next++, mixture));
    const id = `shardId-${String(index).padStart(12, '0')}`;
    return index < count ? { id, records } : { id, records, parent: 0 };
  });
}

function recordOf(draw: Draw, n: number, { tables, poison, picky, spacing }: Mixture): PlannedRecord {
  return { n, nature: natureOf(draw, poison, picky, tables), table: draw() < 0.5 ? 0 : tables - 1, arrivesAt: n * spacing };
}

function natureOf(draw: Draw, poison: number, picky: number, tables: number): Nature {
  if (draw() < poison) {
    const which = draw();
    if (which < 0.4) return which < 0.25 ? 'broken' : 'huge';
    return which < 0.5 && tables > 1 ? 'stray' : 'refused';
  }
  return draw() < picky ? 'picky' : 'good';
}

/** Groups of faults. */
export type Themes = readonly [readonly FaultKind[], ...(readonly FaultKind[])[]];

/** Faults that have more to say to one another than to the rest. */
const THEMES: Themes = [
  [
    'killed',
    'reply-lost',
    'fail-stored',
    'fail-lost',
    'publish-timeout',
    'locked-visible',
    'locked-aborted',
    'outage',
    'overload',
    'late-arrival',
  ],
  [
    'failover',
    'frozen',
    'clock-jump',
    'ledger-silent',
    'ledger-duplicate',
    'connect-timeout',
    'redelivery',
    'schema-mistake',
    'killed',
    'late-arrival',
  ],
  ['labels-crowded-out', 'paused', 'killed', 'reply-lost', 'unreachable', 'outage', 'master-failover', 'ledger-silent', 'publish-timeout'],
  ['schema-mistake', 'killed', 'failover', 'late-abort', 'queue-down', 'queue-partial', 'queue-reply-lost', 'ledger-reply-lost', 'frozen'],
  STREAM_FAULTS,
];

function streamRatesOf(draw: Draw): Map<FaultKind, number> {
  const rates = ratesOf(draw, STREAM_FAULTS, THEMES);
  if (draw() < 0.7) rates.set('recut', oneOf(draw, [0.5, 1]));
  return rates;
}

/** Faults of one theme that strike often, so that they meet, among others that strike seldom. */
export function ratesOf(draw: Draw, kinds: readonly FaultKind[], themes: Themes): Map<FaultKind, number> {
  const rates = new Map<FaultKind, number>();
  const others = oneOf(draw, [0, 0, 0.1, 0.3]);
  for (const kind of kinds) if (draw() < others) rates.set(kind, oneOf(draw, [0.01, 0.03, 0.1]));
  for (const kind of oneOf(draw, themes)) if (draw() < 0.6) rates.set(kind, oneOf(draw, [0.05, 0.15, 0.3]));
  return rates;
}
