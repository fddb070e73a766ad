import type { Cell } from '../convert/cell.ts';
import { convertFor } from '../convert/convert.ts';
import { scaledDecimal } from '../convert/number.ts';
import { LOCAL_ZONE } from '../convert/zone.ts';
import type { Bound, Partition, TableDefinition } from '../table/definition.ts';
import type { ColumnType } from '../table/types.ts';

/** True when some partition takes the row. Cells are in the order of the table's columns. */
export type PartitionCheck = (cells: readonly Cell[]) => boolean;

type Comparable = bigint | string | null;
/** `undefined` is MAXVALUE. */
type Limit = readonly (Comparable | undefined)[];
type Match = (key: readonly Comparable[]) => boolean;

/**
 * Makes the check for a load.
 * @param only - names of the partitions that the load may write to; all of them when absent.
 */
export function partitionCheck(table: TableDefinition, only?: readonly string[]): PartitionCheck {
  const { partitioning } = table;
  if (partitioning.kind !== 'declared') return () => true;
  const indexes = partitioning.columns.map((name) => table.columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase()));
  const columns = indexes.flatMap((index) => {
    const type = table.columns[index]?.type;
    return type ? [{ index, type }] : [];
  });
  const types = columns.map(({ type }) => type);
  const chosen = partitioning.partitions.filter(({ name }) => !only || only.includes(name));
  const matches = chosen.map((partition) => matchOf(partition, types));
  return (cells) => {
    const key = columns.map(({ index, type }) => comparable(cells[index] ?? null, type));
    return matches.some((match) => match(key));
  };
}

/** The partitions a load can name; the only one of an unpartitioned table has the table's name (test_group_commit_stream_load). */
export function partitionNames({ partitioning, name }: TableDefinition): readonly string[] {
  return partitioning.kind === 'declared' ? partitioning.partitions.map((partition) => partition.name) : [name.table];
}

function matchOf(partition: Partition, types: readonly ColumnType[]): Match {
  if (partition.kind === 'list') {
    const values = partition.values.map((value) => limitOf(value, types));
    return (key) => values.some((value) => value.length === key.length && key.every((cell, index) => cell === value[index]));
  }
  const upper = limitOf(partition.upper, types);
  const lower = partition.lower && limitOf(partition.lower, types);
  return (key) => isBelow(key, upper) && (!lower || !isBelow(key, lower));
}

function limitOf(bound: Bound, types: readonly ColumnType[]): Limit {
  return types.map((type, index) => {
    const text = bound[index];
    // Doris fills the missing end of a bound with the least value.
    if (text === undefined) return null;
    return text === 'MAXVALUE' ? undefined : comparable(convertFor(type, { strict: false, zone: LOCAL_ZONE })(text) ?? null, type);
  });
}

/** NULL is the least value of all, MAXVALUE the greatest. */
function isBelow(key: readonly Comparable[], limit: Limit): boolean {
  for (const [index, value] of key.entries()) {
    const against = limit[index];
    if (against === undefined) return true;
    if (value === against) continue;
    return value === null || (against !== null && value < against);
  }
  return false;
}

/** Dates and times have fixed widths: their texts sort as they do. */
function comparable(cell: Cell, type: ColumnType): Comparable {
  if (cell === null) return null;
  if (type.kind === 'integer') return BigInt(cell);
  return type.kind === 'decimal' ? (scaledDecimal(cell, type.scale) ?? null) : cell;
}
