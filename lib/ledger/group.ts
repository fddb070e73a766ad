import type { Position } from '../source/position.ts';
import type { IggyPartition } from '../source/record.ts';
import type { EpochMillis } from '../units.ts';
import type { Checkpoint, CheckpointKey, Ledger } from './checkpoint.ts';
import type { Members } from './members.ts';

/**
 * Names the item of one group: records of one partition that go to one table together, in order of their offsets. Within a group the
 * ledger works as for a shard; which records belong to it is written down before anything else and never changes.
 */
export interface GroupName {
  /** Last offset, and a nonce that is drawn for every registration. */
  readonly sort: string;
}

/** The key of a group's checkpoint. */
export interface GroupKey extends CheckpointKey {
  readonly source: IggyPartition;
  readonly group: GroupName;
}

/** A group as the ledger has it. */
export interface FoundGroup {
  readonly key: GroupKey;
  readonly members: Members;
  readonly checkpoint: Checkpoint;
  /** Members that its checkpoint does not decide belong to it no more: all of them, when it was an intention. */
  readonly ended: boolean;
  readonly registeredAt: EpochMillis;
}

/**
 * Keeps the groups of unordered partitions, and their checkpoints. Each call but `find` is one atomic, durable, strongly consistent step;
 * `find` sees every step that ended before it began.
 *
 * A group without claim and watermark is a mere intention that anybody may end. So two groups that share a record never both come to a
 * claim: each is registered first and looks for the others then, so that at least one of the two sees the other, and whoever sees
 * another one ends it, or itself where the other is more than an intention. What was ended stays in the table: the network may bring the
 * writing of a registration once more, and must not bring the group back to life.
 */
export interface GroupLedger extends Ledger {
  /** Groups that may hold offsets from `first` to `last`. @throws {LedgerUnavailable} */
  find(loader: string, source: IggyPartition, first: Position, last: Position): Promise<readonly FoundGroup[]>;
  /** Writes a group down under its name, once however often it is asked to. @throws {LedgerUnavailable} */
  register(key: GroupKey, members: Uint8Array): Promise<void>;
  /** Sets the undecided members free, while its checkpoint is as given. @returns false when it is not. @throws {LedgerUnavailable} */
  end(key: GroupKey, checkpoint: Checkpoint): Promise<boolean>;
}

/** So far apart the first and the last offset of a group may be: `find` looks no further. */
export const GROUP_SPAN = 16_384n;

/** The group was ended by somebody else: its records have to be looked up again. */
export class GroupLost extends Error {
  override readonly name = 'GroupLost';
}
