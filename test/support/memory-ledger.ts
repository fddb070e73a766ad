import { allows, type Checkpoint, type CheckpointKey, type Ledger, moved, type Settled } from '../../lib/ledger/checkpoint.ts';
import type { Position } from '../../lib/source/position.ts';

/** A ledger in memory. Passes the same contract suite as the one on DynamoDB. */
export interface MemoryLedger extends Ledger {
  readonly checkpoints: ReadonlyMap<string, Checkpoint>;
  readonly totals: ReadonlyMap<string, Settled>;
  /** The first redriven record by {@link keyText}. */
  readonly redriven: Map<string, Position>;
}

export function keyText({ loader, source, target }: CheckpointKey): string {
  return [loader, source.kind, source.stream, source.shard, target].join('#');
}

export function memoryLedger(): MemoryLedger {
  const checkpoints = new Map<string, Checkpoint>();
  const totals = new Map<string, Settled>();
  const redriven = new Map<string, Position>();
  const read = (key: CheckpointKey): Checkpoint => checkpoints.get(keyText(key)) ?? {};
  return {
    checkpoints,
    totals,
    redriven,
    read: async (key) => read(key),
    firstRedriven: async (shard) => redriven.get(keyText(shard)),
    move: async (key, move) => {
      const current = read(key);
      if (!allows(current, move)) return { kind: 'refused', current };
      checkpoints.set(keyText(key), moved(current, move));
      if (move.settled !== undefined) totals.set(keyText(key), sum(totals.get(keyText(key)), move.settled));
      return { kind: 'moved' };
    },
  };
}

function sum(before: Settled | undefined, add: Settled): Settled {
  if (before === undefined) return add;
  return {
    rows: before.rows + add.rows,
    bytes: before.bytes + add.bytes,
    loads: before.loads + add.loads,
    deadLetters: before.deadLetters + add.deadLetters,
  };
}
