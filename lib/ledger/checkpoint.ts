import type { Label } from '../plan/label.ts';
import type { Position } from '../source/position.ts';
import type { SourceShard } from '../source/record.ts';
import type { EpochMillis } from '../units.ts';
import type { GroupName } from './group.ts';

/** Names one checkpoint: the progress of one source shard into one table. */
export interface CheckpointKey {
  /** The label prefix: loaders that share a ledger table do not share progress. */
  readonly loader: string;
  readonly source: SourceShard;
  /** `database.table`, or `-` for records that no table takes. */
  readonly target: string;
  /** Of Iggy, and only of it: the group that the checkpoint is the progress of. */
  readonly group?: GroupName;
}

/** Why Doris refused the only row of a load. */
export interface Refusal {
  readonly reason: string;
  readonly errorUrl?: string;
  readonly attempts: number;
}

/**
 * What is known of a claim's load.
 * - `open`: in doubt until its label tells.
 * - `unseen`: none of its rows is visible: Doris holds them back until the claim is `open`.
 * - `unlabelled`: in doubt, and nothing tells: it was put without a label.
 * - `contradicted`: Doris reported success for something else than was sent. Its label passes for stored, so that a person has to tell.
 * - `loaded`: in Doris for sure, but not all dead letters between its rows are accepted yet.
 * - `refused`: its only row is judged bad; the row is a dead letter from now on, even if the table would take it later.
 * - `poison`: there is none: its records were judged to be no rows, and are dead letters from now on, even if they are judged otherwise later.
 * - `given-up`: whether it is in Doris cannot be told any more; its rows are dead letters from now on, for people to look into.
 */
export type ClaimState =
  | { readonly kind: 'open' | 'unseen' | 'unlabelled' }
  | { readonly kind: 'contradicted'; readonly reason: string }
  | { readonly kind: 'loaded' | 'poison' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'given-up'; readonly reason: string };

/** The fate of the rows is known. */
export type DecidedState = Exclude<ClaimState, { kind: 'open' | 'unseen' | 'unlabelled' | 'contradicted' }>;

/** Whether a claim's rows need no answer of Doris any more. */
export function isDecided(state: ClaimState): state is DecidedState {
  switch (state.kind) {
    case 'loaded':
    case 'refused':
    case 'poison':
    case 'given-up':
      return true;
    case 'open':
    case 'unseen':
    case 'unlabelled':
    case 'contradicted':
      return false;
    default:
      return state satisfies never;
  }
}

/** A load that was written down before its first attempt. */
export interface Claim {
  readonly state: ClaimState;
  readonly label: Label;
  /** Position of the first and of the last record of the piece. */
  readonly first: Position;
  readonly last: Position;
  /** Rows of the load; of `poison`, its records. */
  readonly rows: number;
  /** By which routes its rows came to this table. */
  readonly routes: string;
  /** Names of the position columns that its rows carry; absent when they cannot be counted by them. */
  readonly columns?: string;
  /** Whether the limits cut this load, or it is a part of one that Doris refused. */
  readonly origin: 'cut' | 'isolation';
  /** Nobody starts an attempt after this moment without renewing the claim; 0 when the last holder has let go of it. */
  readonly deadline: EpochMillis;
  /** Drawn at random for every write of a claim, so that whoever wrote it last can tell that nobody wrote it since. */
  readonly fence: number;
  /** None of its rows was visible before. */
  readonly claimedAt: EpochMillis;
  /** Nor before this: Doris was asked then, and would have known. */
  readonly absentAt?: EpochMillis;
}

/** Positions behind `after`, or all from the beginning when absent, up to `through`. */
export interface HandedOver {
  readonly after?: Position;
  readonly through: Position;
}

/** One source shard's progress into one table. */
export interface Checkpoint {
  /** Settled through this position; nothing is settled yet when absent. */
  readonly through?: Position;
  /** By which routes the records up to `through` were shared out among tables. */
  readonly routes?: string;
  /** Label of a load into the same database that was visible before the claim was written. */
  readonly witness?: Label;
  readonly claim?: Claim;
  /** What redrive took over before the loader had claimed any of it, in order: up to `through`, so that no loader ever loads it. The last few only. */
  readonly handed?: readonly HandedOver[];
}

/** Totals that a move adds to the checkpoint, for people and dashboards. */
export interface Settled {
  readonly rows: number;
  readonly bytes: number;
  readonly loads: number;
  readonly deadLetters: number;
}

/**
 * What must still be true for a move to happen.
 * - `vacant`: no claim, and nothing settled at or past `before`.
 * - `holding`: the claim with this label is there; with a fence, it is as it was written then.
 */
export type Expectation =
  | { readonly kind: 'vacant'; readonly before: Position }
  | { readonly kind: 'holding'; readonly label: Label; readonly fence?: number };

/** One atomic step of a checkpoint. */
export interface Move {
  readonly expect: Expectation;
  /** The new watermark; stays as it is when absent. Never lower than the present one. */
  readonly through?: Position;
  /** Goes with `through`. */
  readonly routes?: string;
  /** Goes with a claim of one's own; stays as it is when absent. */
  readonly witness?: Label;
  /** The claim afterwards; none when absent. */
  readonly claim?: Claim;
  /** Stays as it is when absent. */
  readonly handed?: readonly HandedOver[];
  readonly settled?: Settled;
}

export type MoveResult = { readonly kind: 'moved' } | { readonly kind: 'refused'; readonly current: Checkpoint };

/** Knows which records redrives meant to load. */
export interface Redriven {
  /** The first record of a shard, by position, that a redrive ever meant to load into a table: whether it did or not. @throws {LedgerUnavailable} */
  firstRedriven(shard: Pick<CheckpointKey, 'loader' | 'source' | 'target'>): Promise<Position | undefined>;
}

/** Keeps checkpoints. Each call is one atomic, durable, strongly consistent step. */
export interface Ledger extends Redriven {
  /** @throws {LedgerUnavailable} */
  read(key: CheckpointKey): Promise<Checkpoint>;
  /**
   * Moves the checkpoint when the expectation holds, else tells what it is. A lost reply may make a move that happened look refused: the
   * current checkpoint then shows what the move wanted.
   * @throws {LedgerUnavailable}
   */
  move(key: CheckpointKey, move: Move): Promise<MoveResult>;
}

/** The ledger did not answer or refused to work. Whether a move happened is not known. */
export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable';
}

/** Whether a checkpoint lets a move happen: the rule that every ledger implements. */
export function allows(current: Checkpoint, { expect, through }: Move): boolean {
  if (current.through !== undefined && through !== undefined && through < current.through) return false;
  switch (expect.kind) {
    case 'vacant':
      return current.claim === undefined && (current.through === undefined || current.through < expect.before);
    case 'holding':
      return current.claim?.label === expect.label && (expect.fence === undefined || current.claim.fence === expect.fence);
    default:
      return expect satisfies never;
  }
}

/** The checkpoint after a move. */
export function moved(current: Checkpoint, move: Move): Checkpoint {
  const through = move.through ?? current.through;
  const routes = move.routes ?? current.routes;
  const witness = move.witness ?? current.witness;
  const handed = move.handed ?? current.handed;
  return {
    ...(through === undefined ? {} : { through }),
    ...(routes === undefined ? {} : { routes }),
    ...(witness === undefined ? {} : { witness }),
    ...(move.claim === undefined ? {} : { claim: move.claim }),
    ...(handed === undefined ? {} : { handed }),
  };
}
