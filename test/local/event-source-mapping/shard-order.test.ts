import { describe, expect, it } from 'vitest';
import { startableShards } from '../../../local/event-source-mapping/shard-order.ts';

function shard(shardId: string, ...parents: readonly string[]) {
  return { shardId, parents };
}

function idsOf(...args: Parameters<typeof startableShards>) {
  return startableShards(...args).map(({ shardId }) => shardId);
}

describe('the shards that may be read', () => {
  it('are at first those without a parent', () => {
    expect(idsOf([shard('a'), shard('b'), shard('c', 'a')], new Set(), new Set())).toEqual(['a', 'b']);
  });

  it('are both children of a split once the parent is drained', () => {
    const listed = [shard('a'), shard('b', 'a'), shard('c', 'a')];

    expect(idsOf(listed, new Set(['a']), new Set())).toEqual([]);
    expect(idsOf(listed, new Set(['a']), new Set(['a']))).toEqual(['b', 'c']);
  });

  it('are the child of a merge only once both parents are drained', () => {
    const listed = [shard('a'), shard('b'), shard('c', 'a', 'b')];

    expect(idsOf(listed, new Set(['a', 'b']), new Set(['b']))).toEqual([]);
    expect(idsOf(listed, new Set(['a', 'b']), new Set(['a', 'b']))).toEqual(['c']);
  });

  it('are those whose parent the stream no longer lists', () => {
    expect(idsOf([shard('c', 'gone')], new Set(), new Set())).toEqual(['c']);
  });
});
