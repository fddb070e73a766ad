import type { Clock } from '../clock.ts';
import type { Deadline } from '../deadline.ts';
import { targetName } from '../plan/route.ts';
import type { Doris, Memory, Target } from '../ports.ts';
import { wouldBeKnown } from '../settle/label-memory.ts';
import type { SettleRules } from '../settle/run.ts';
import type { Row, SourceShard } from '../source/record.ts';
import type { Telemetry } from '../telemetry.ts';
import type { LetterKey, RedriveLedger, RedriveLoad } from './ledger.ts';

/** The world, as far as a redrive needs it. */
export interface RedrivePorts {
  /** In the mode `labelled`, whatever the mode of the loader: a load of another one has no label, or asks for a claim to be written. */
  readonly doris: Doris;
  readonly ledger: RedriveLedger;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** What the operator decides about a redrive. */
export interface RedriveRules
  extends Pick<
    SettleRules,
    'labelPrefix' | 'limits' | 'fuseShare' | 'fuseRows' | 'isolationLoads' | 'attemptGrace' | 'labelMemory' | 'positionColumns'
  > {
  /** Loads records that may be in the table already and of which nothing tells whether they are. */
  readonly reloadUnverifiable: boolean;
}

/** One redrive on its way. */
export interface Redrive {
  readonly ports: RedrivePorts;
  readonly rules: RedriveRules;
  readonly deadline: Deadline;
}

/** A record to be redriven, read and ready. */
export interface Ready {
  readonly source: SourceShard;
  readonly target: Target;
  readonly row: Row;
  /** A load that was given up may have stored it. */
  readonly doubt?: Doubt;
}

/** What is known of a load of which nothing tells whether it is stored. */
export interface Doubt {
  /** Names of the position columns that its rows carry; absent when they cannot be found by any. */
  readonly columns?: string;
}

/** The doubt about a record whose load gave its row these position columns, or none. */
export const doubtBy = (columns: string | undefined): Doubt => (columns === undefined ? {} : { columns });

/**
 * What became of a record.
 * - `loaded`: Doris has it, since now or from an earlier redrive (`before`). Its letters may go. - `refused`: Doris does not take it.
 * - `unverifiable`: it may be in the table already, and nothing tells. - `kept`: not now; another try may do it.
 */
export type Fate =
  | { readonly kind: 'loaded'; readonly before: boolean }
  | { readonly kind: 'refused' | 'unverifiable' | 'kept'; readonly reason: string };

/** The name of a record in the ledger. */
export function keyOf({ labelPrefix: loader }: Pick<RedriveRules, 'labelPrefix'>, { source, target, row: { record } }: Ready): LetterKey {
  const { position, iggy } = record;
  return { loader, source, target: targetName(target), position, ...(iggy === undefined ? {} : { iggy }) };
}

export const kept = (reason: string): Fate => ({ kind: 'kept', reason });

/** Whether Doris would know the label of a load, had it stored that. */
export function rememberedBy(
  redrive: Redrive,
  { source, target }: Pick<Ready, 'source' | 'target'>,
  { label, claimedAt, witness }: RedriveLoad,
): Promise<Memory> {
  return wouldBeKnown({ ...redrive, batch: { source }, table: { target } }, { state: { kind: 'open' }, label, claimedAt }, witness);
}
