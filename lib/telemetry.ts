import type { OutageCause } from './ledger/outage.ts';
import type { LoadOutcome, Memory, Packing } from './ports.ts';
import type { MemoryProof } from './settle/label-memory.ts';
import type { Fault, SourceShard } from './source/record.ts';
import type { EpochMillis, Millis } from './units.ts';

/** Which load an event is about. */
export interface LoadFacts {
  readonly source: SourceShard;
  readonly target: string;
  readonly label: string;
  /** Positions of its first and last record, as people write them. */
  readonly first: string;
  readonly last: string;
  readonly rows: number;
}

/** What told the fate of a claim whose load could not be put again. */
export type ClaimProof =
  | `label ${'visible' | 'committed' | 'aborted' | 'unknown'}`
  | 'precommitted, and committed now'
  | 'its rows were counted'
  | 'none of its rows was counted'
  | 'the table has a UNIQUE KEY'
  | 'it was put without a label'
  | 'ON_UNVERIFIABLE is reload'
  | 'ON_UNVERIFIABLE is dead-letter';

/** What a loader tells about itself. A closed list: each kind is one log line, and the numbers feed the metrics. Never a payload, never a secret. */
export type LoaderEvent =
  /** One Stream Load under one label, however many attempts it took. */
  | (LoadFacts & {
      readonly kind: 'load';
      readonly bytes: number;
      readonly attempts: number;
      readonly outcome: LoadOutcome['kind'];
      readonly how?: string;
      readonly reason?: string;
      readonly txnId?: number;
      readonly packing?: Packing;
      /** Whether the claim was found open, left by an earlier invocation. */
      readonly replay: boolean;
      readonly took: Millis;
    })
  /** Records that an earlier delivery had settled already. */
  | { readonly kind: 'duplicates-absorbed'; readonly source: SourceShard; readonly target: string; readonly records: number }
  /**
   * An open claim that could not be replayed was resolved: it is `loaded`, or surely not and so `dropped`. `reloaded` may store rows
   * twice, unless the table keeps one row a key; `dead-lettered` rows may be in the table.
   */
  | (LoadFacts & {
      readonly kind: 'claim-resolved';
      readonly consequence: 'loaded' | 'dropped' | 'reloaded' | 'dead-lettered';
      readonly because: ClaimProof;
    })
  /** A claim was left open, its load in doubt, `age` after it was made: its shard waits for the next delivery. */
  | (LoadFacts & { readonly kind: 'claim-in-doubt'; readonly age: Millis })
  /** Nothing tells whether the load of an open claim is stored, so its shard waits: for an answer of Doris, or for a person. */
  | (LoadFacts & { readonly kind: 'claim-waits'; readonly reason: string })
  /** Doris does not know the label of a load in doubt, and how it was told whether it may have forgotten that. */
  | {
      readonly kind: 'label-unknown';
      readonly source: SourceShard;
      readonly target: string;
      readonly label: string;
      readonly by: MemoryProof;
      readonly memory: Memory;
    }
  /** The source no longer brings records of a claim: what of them is neither in Doris nor a dead letter yet is with Lambda's on-failure destination alone. */
  | (LoadFacts & { readonly kind: 'claim-abandoned' })
  /** Doris took a load whose claim was somebody else's by then: its rows may be stored twice. */
  | (LoadFacts & { readonly kind: 'claim-lost' })
  /** Doris reported success for something else than was sent: the invocation fails, and the load has no other line. */
  | (LoadFacts & { readonly kind: 'contradicted'; readonly reason: string })
  | {
      readonly kind: 'dead-lettered';
      readonly source: SourceShard;
      readonly target: string;
      readonly errorClass: Fault['errorClass'];
      readonly records: number;
    }
  /** So many rows are bad that it is a schema mistake: nothing goes to the dead letters, the shard waits for a person. */
  | {
      readonly kind: 'fuse-blown';
      readonly source: SourceShard;
      readonly target: string;
      readonly label: string;
      readonly bad: number;
      readonly of: number;
      readonly reason: string;
    }
  /** The rest of a table's records has to come again. */
  | { readonly kind: 'unsettled'; readonly source: SourceShard; readonly target: string; readonly from: string; readonly reason: string }
  /**
   * A table took no load and is left alone for `pause` (opened), one load goes out to see whether it does again (probe), it did (closed).
   * `lasted`: since it opened. While it is open no other line tells of it but `unsettled`.
   */
  | {
      readonly kind: 'breaker-opened' | 'breaker-probe' | 'breaker-closed';
      readonly source: SourceShard;
      readonly target: string;
      readonly cause: OutageCause;
      readonly failures: number;
      readonly pause: Millis;
      readonly lasted: Millis;
    }
  /** The breaker could not ask the ledger: this process decides by what it saw itself. */
  | { readonly kind: 'breaker-alone'; readonly source: SourceShard; readonly target: string; readonly reason: string }
  /** Offsets of one body do not rise: its topic was purged, or the connector mixed partitions. All records load. */
  | { readonly kind: 'offsets-unordered'; readonly source: SourceShard }
  /** Messages that are not settled keep the visibility timeout of their queue. */
  | { readonly kind: 'visibility-unchanged'; readonly source: SourceShard; readonly messages: number; readonly reason: string }
  /** One shard's batch is over. */
  | {
      readonly kind: 'batch';
      readonly source: SourceShard;
      readonly records: number;
      readonly tables: number;
      readonly unsettled: number;
      /** Arrival of the newest record that is settled, when there is one. */
      readonly settledArrival?: EpochMillis;
      readonly took: Millis;
    };

/** Takes events; never fails the work that they report. */
export interface Telemetry {
  record(event: LoaderEvent): void;
}
