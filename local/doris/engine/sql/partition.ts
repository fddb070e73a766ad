import type { Bound, Partition, Partitioning } from '../table/definition.ts';
import { type Cursor, listOf, parenthesised } from './cursor.ts';

/**
 * Reads `[AUTO] PARTITION BY RANGE|LIST (..) (..)`, or nothing.
 * @throws {SqlError} for forms that the stand-in does not know, such as `FROM .. TO .. INTERVAL`.
 */
export function readPartitioning(cursor: Cursor): Partitioning {
  const auto = cursor.accept('AUTO', 'PARTITION', 'BY');
  if (!auto && !cursor.accept('PARTITION', 'BY')) return { kind: 'none' };
  const list = cursor.accept('LIST');
  if (!list) cursor.accept('RANGE');
  const columns = parenthesised(cursor, () => readPartitionColumn(cursor, auto));
  const partitions = readPartitions(cursor, list);
  return auto ? { kind: 'auto' } : { kind: 'declared', columns, partitions };
}

function readPartitionColumn(cursor: Cursor, auto: boolean): string {
  const name = cursor.name();
  if (!auto || !cursor.accept('(')) return name;
  while (!cursor.accept(')')) {
    if (cursor.next().kind === 'end') cursor.fail(')');
  }
  return name;
}

function readPartitions(cursor: Cursor, list: boolean): readonly Partition[] {
  cursor.expect('(');
  if (cursor.accept(')')) return [];
  const partitions = listOf(cursor, () => readPartition(cursor, list));
  cursor.expect(')');
  return withLowerBounds(partitions);
}

function readPartition(cursor: Cursor, list: boolean): Partition {
  cursor.expect('PARTITION');
  cursor.accept('IF', 'NOT', 'EXISTS');
  const name = cursor.name();
  cursor.expect('VALUES');
  if (list) {
    cursor.expect('IN');
    return { kind: 'list', name, values: parenthesised(cursor, () => readListValue(cursor)) };
  }
  if (cursor.accept('LESS', 'THAN')) {
    const upper: Bound = cursor.accept('MAXVALUE') ? ['MAXVALUE'] : readBound(cursor);
    return { kind: 'range', name, upper };
  }
  cursor.expect('[');
  const lower = readBound(cursor);
  cursor.expect(',');
  const upper = readBound(cursor);
  cursor.expect(')');
  return { kind: 'range', name, lower, upper };
}

function readListValue(cursor: Cursor): readonly string[] {
  return cursor.peek().text === '(' && cursor.peek().kind === 'symbol' ? parenthesised(cursor, () => cursor.literal()) : [cursor.literal()];
}

function readBound(cursor: Cursor): Bound {
  return parenthesised(cursor, () => (cursor.accept('MAXVALUE') ? 'MAXVALUE' : cursor.literal()));
}

/** `LESS THAN` starts where the partition before it ends. */
function withLowerBounds(partitions: readonly Partition[]): readonly Partition[] {
  return partitions.map((partition, index) => {
    const before = partitions[index - 1];
    if (partition.kind !== 'range' || partition.lower || before?.kind !== 'range') return partition;
    return { ...partition, lower: before.upper };
  });
}
