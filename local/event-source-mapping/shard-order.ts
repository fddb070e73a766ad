/** A shard as ListShards tells it. */
export interface ListedShard {
  readonly shardId: string;
  /** One after a split, two after a merge. */
  readonly parents: readonly string[];
}

/**
 * The shards that may be read now: not begun yet, and every parent that is still listed is drained. That keeps the order of a partition
 * key across a split or merge.
 */
export function startableShards(
  listed: readonly ListedShard[],
  begun: ReadonlySet<string>,
  drained: ReadonlySet<string>,
): readonly ListedShard[] {
  const known = new Set(listed.map((shard) => shard.shardId));
  return listed.filter((shard) => !begun.has(shard.shardId) && shard.parents.every((parent) => !known.has(parent) || drained.has(parent)));
}
