import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MetricUnit as Unit } from '@aws-lambda-powertools/metrics/types';
import type { Clock } from './clock.ts';
import type { LoadOutcome, Memory } from './ports.ts';
import type { MemoryProof } from './settle/label-memory.ts';
import type { ClaimProof, LoaderEvent, Telemetry } from './telemetry.ts';

const SERVICE = 'doris-lambda-loader';

/** Telemetry that gathers metrics until it is flushed. */
export interface FlushingTelemetry extends Telemetry {
  /** One line that warns of how this loader is set up. */
  warn(of: 'weaker-promise', text: string): void;
  /** One line of what a run came to that nobody may wait for. */
  report(of: 'redrive', counts: Readonly<Record<string, unknown>>): void;
  /** Writes the gathered metrics, one line a table. Call it once an invocation. */
  flush(): void;
}

type Measure = readonly [name: string, unit: Unit, value: number];

/** Structured log lines, and CloudWatch metrics in embedded metric format with the table as dimension, both on standard output. */
export function powertoolsTelemetry(namespace: string, clock: Clock): FlushingTelemetry {
  const logger = new Logger({ serviceName: SERVICE });
  const perTable = new Map<string, Metrics>();
  const metricsOf = (table: string): Metrics => {
    let metrics = perTable.get(table);
    if (metrics === undefined) {
      metrics = new Metrics({ namespace, serviceName: SERVICE, defaultDimensions: { table } });
      perTable.set(table, metrics);
    }
    return metrics;
  };
  return {
    record(event) {
      const { kind, source, ...details } = event;
      logger[levelOf(event)](kind, { stream: source.stream, shard: source.shard, ...details });
      const table = 'target' in event ? event.target : 'all';
      for (const [name, unit, value] of measuresOf(event, clock)) metricsOf(table).addMetric(name, unit, value);
    },
    warn: (of, text) => logger.warn(of, { text }),
    report: (of, counts) => logger.info(of, { ...counts }),
    flush() {
      for (const metrics of perTable.values()) if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}

function levelOf(event: LoaderEvent): 'info' | 'warn' | 'error' {
  switch (event.kind) {
    case 'fuse-blown':
    case 'claim-abandoned':
    case 'breaker-opened':
    case 'claim-lost':
    case 'claim-waits':
    case 'contradicted':
      return 'error';
    case 'unsettled':
    case 'claim-in-doubt':
    case 'dead-lettered':
    case 'breaker-probe':
    case 'breaker-alone':
    case 'offsets-unordered':
    case 'visibility-unchanged':
      return 'warn';
    case 'claim-resolved':
      return event.consequence === 'reloaded' || event.consequence === 'dead-lettered' ? 'error' : 'warn';
    case 'label-unknown':
      return isProof(event.memory) ? 'info' : 'warn';
    case 'load':
      return event.outcome === 'committed' && event.how !== 'not-grouped' && event.packing?.kind !== 'refused' ? 'info' : 'warn';
    case 'duplicates-absorbed':
    case 'breaker-closed':
    case 'batch':
      return 'info';
    default:
      return event satisfies never;
  }
}

/** Metric of each outcome that is no success. */
const OUTCOME_METRICS = {
  'rejected-data': 'LoadsRejectedData',
  'rejected-config': 'LoadsRejectedConfig',
  overload: 'LoadsOverload',
  unavailable: 'LoadsUnavailable',
  running: 'LoadsRunning',
  unknown: 'LoadsUnknown',
  unverifiable: 'LoadsUnverifiable',
} as const satisfies Record<Exclude<LoadOutcome['kind'], 'committed'>, string>;

/** Metric of each way in which a claim was resolved without a replay. */
const CLAIM_METRICS = {
  loaded: 'ClaimsFoundLoaded',
  dropped: 'ClaimsFoundNotLoaded',
  reloaded: 'ClaimsReloaded',
  'dead-lettered': 'ClaimsDeadLettered',
} as const;

/** Metric of what told it. */
const PROOF_METRICS = {
  'label visible': 'ClaimsResolvedByLabel',
  'label committed': 'ClaimsResolvedByLabel',
  'label aborted': 'ClaimsResolvedByLabel',
  'label unknown': 'ClaimsResolvedByLabel',
  'precommitted, and committed now': 'ClaimsResolvedByCommit',
  'its rows were counted': 'ClaimsResolvedByCount',
  'none of its rows was counted': 'ClaimsResolvedByCount',
  'the table has a UNIQUE KEY': 'ClaimsResolvedByUniqueKey',
  'it was put without a label': 'ClaimsResolvedWithoutLabel',
  'ON_UNVERIFIABLE is reload': 'ClaimsResolvedByDecision',
  'ON_UNVERIFIABLE is dead-letter': 'ClaimsResolvedByDecision',
} as const satisfies Record<ClaimProof, string>;

/** Metric of each proof that Doris has not forgotten a label. */
const MEMORY_METRICS = {
  age: 'LabelsRememberedByAge',
  witness: 'LabelsRememberedByWitness',
  transactions: 'LabelsRememberedByTransactions',
} as const satisfies Record<MemoryProof, string>;

function isProof(memory: Memory): boolean {
  return memory === 'young' || memory === 'certain';
}

function measuresOf(event: LoaderEvent, clock: Clock): Measure[] {
  switch (event.kind) {
    case 'load':
      return measuresOfLoad(event);
    case 'duplicates-absorbed':
      return [['DuplicatesAbsorbed', MetricUnit.Count, event.records]];
    case 'dead-lettered':
      return [['RowsDeadLettered', MetricUnit.Count, event.records]];
    case 'fuse-blown':
      return [['FuseBlown', MetricUnit.Count, 1]];
    case 'unsettled':
      return [['Unsettled', MetricUnit.Count, 1]];
    case 'claim-resolved':
      return [
        [CLAIM_METRICS[event.consequence], MetricUnit.Count, 1],
        [PROOF_METRICS[event.because], MetricUnit.Count, 1],
      ];
    case 'claim-in-doubt':
      return [['ClaimInDoubtAge', MetricUnit.Milliseconds, event.age]];
    case 'claim-waits':
      return [['ClaimsWaiting', MetricUnit.Count, 1]];
    case 'label-unknown':
      return [[isProof(event.memory) ? MEMORY_METRICS[event.by] : 'LabelsPerhapsForgotten', MetricUnit.Count, 1]];
    case 'claim-abandoned':
      return [['ClaimsAbandoned', MetricUnit.Count, 1]];
    case 'breaker-opened':
      return [['BreakerOpened', MetricUnit.Count, 1]];
    case 'breaker-probe':
      return [['BreakerProbes', MetricUnit.Count, 1]];
    case 'breaker-closed':
      return [
        ['BreakerClosed', MetricUnit.Count, 1],
        ['OutageLasted', MetricUnit.Milliseconds, event.lasted],
      ];
    case 'breaker-alone':
      return [['BreakerAlone', MetricUnit.Count, 1]];
    case 'offsets-unordered':
      return [['OffsetsUnordered', MetricUnit.Count, 1]];
    case 'visibility-unchanged':
      return [['VisibilityUnchanged', MetricUnit.Count, event.messages]];
    case 'claim-lost':
      return [['ClaimsLost', MetricUnit.Count, 1]];
    case 'contradicted':
      return [['LoadsContradicted', MetricUnit.Count, 1]];
    case 'batch':
      return event.settledArrival === undefined
        ? []
        : [['Behind', MetricUnit.Milliseconds, Math.max(0, clock.now() - event.settledArrival)]];
    default:
      return event satisfies never;
  }
}

function measuresOfLoad(load: LoaderEvent & { kind: 'load' }): Measure[] {
  const all: Measure[] = [
    ['LoadLatency', MetricUnit.Milliseconds, load.took],
    ['RetriedAttempts', MetricUnit.Count, Math.max(0, load.attempts - 1)],
    ['ClaimsReplayed', MetricUnit.Count, load.replay ? 1 : 0],
    ...measuresOfPacking(load),
  ];
  if (load.outcome !== 'committed') return [...all, [OUTCOME_METRICS[load.outcome], MetricUnit.Count, 1]];
  return [
    ...all,
    ['Loads', MetricUnit.Count, 1],
    ['RowsLoaded', MetricUnit.Count, load.rows],
    ['BytesLoaded', MetricUnit.Bytes, load.bytes],
  ];
}

/** `BytesPacked` is read beside `BytesLoaded`. */
function measuresOfPacking({ packing, outcome }: LoaderEvent & { kind: 'load' }): Measure[] {
  switch (packing?.kind) {
    case 'packed':
      return outcome === 'committed' ? [['BytesPacked', MetricUnit.Bytes, packing.bytes]] : [];
    case 'refused':
      return [['PackedLoadsRefused', MetricUnit.Count, 1]];
    case undefined:
      return [];
    default:
      return packing satisfies never;
  }
}
