import type { InvokeResult } from '../function-process/invoke-result.ts';
import type { GivenUp } from './delivery.ts';
import type { BadLuck } from './redelivery.ts';
import type { Verdict } from './verdict.ts';

/** The records of one delivery. */
export interface DeliveredRecords {
  readonly shardId: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** Epoch milliseconds of the last record: what Lambda's IteratorAge is measured from. */
  readonly lastArrivedAt: number;
}

/** What a mapping does, as it does it: for tests, and for people who watch a local run. */
export type MappingEvent =
  | { readonly kind: 'shard-started'; readonly shardId: string }
  /** Closed by a split or merge, and every record of it settled. */
  | { readonly kind: 'shard-drained'; readonly shardId: string }
  /** A batch goes to the function, for the first time or again; failures are the earlier deliveries that count as retries. */
  | { readonly kind: 'batch'; readonly batch: DeliveredRecords; readonly failures: number }
  | { readonly kind: 'outcome'; readonly batch: DeliveredRecords; readonly result: InvokeResult; readonly verdict: Verdict }
  /** The invocation was refused before it reached the function; it does not count as a retry. */
  | { readonly kind: 'not-invoked'; readonly batch: DeliveredRecords; readonly reason: string }
  | { readonly kind: 'bad-luck'; readonly batch: DeliveredRecords; readonly luck: BadLuck }
  /** The records leave the mapping unsettled; `record` is what the on-failure destination is sent. */
  | { readonly kind: 'given-up'; readonly batch: DeliveredRecords; readonly givenUp: GivenUp; readonly record: object }
  | { readonly kind: 'destination-failed'; readonly batch: DeliveredRecords; readonly reason: string }
  | { readonly kind: 'read-failed'; readonly shardId: string; readonly reason: string };
