import { SqlError } from '../../engine.ts';
import { type Column, canSequence, keyColumns, sequenceColumn, sequenceType, type TableDefinition } from '../table/definition.ts';

/**
 * Refuses declarations that Doris refuses, and the ones the stand-in could only get wrong.
 * @throws {SqlError} with the reason.
 */
export function checkTable(table: TableDefinition): void {
  checkNames(table.columns);
  checkKeyOrder(table);
  for (const column of table.columns) checkColumn(table, column);
  checkPartitionColumns(table);
  checkProperties(table);
}

function refuse(reason: string): never {
  throw new SqlError(`errCode = 2, detailMessage = ${reason}`);
}

function checkNames(columns: readonly Column[]): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name.toLowerCase())) refuse(`Duplicate column name '${name}'`);
    seen.add(name.toLowerCase());
  }
}

/** Doris wants the key columns first, in the order of the table. */
function checkKeyOrder(table: TableDefinition): void {
  const keys = keyColumns(table);
  if (keys.some((key, index) => table.columns[index] !== key)) refuse('Key columns should be a ordered prefix of the schema.');
}

function checkColumn({ keysType }: TableDefinition, column: Column): void {
  const { name, key, aggregation, nullable, default: standard } = column;
  if (key && aggregation) refuse(`Key column ${name} can not set aggregation type ${aggregation}`);
  if (keysType === 'AGG_KEYS' && !key && !aggregation) refuse(`${name} must set aggregation type: the table is AGGREGATE KEY`);
  if (keysType !== 'AGG_KEYS' && aggregation)
    refuse(`Column ${name} can not set aggregation type ${aggregation}: the table is ${keysType}`);
  if (key && !isKeyable(column)) refuse(`Type of column ${name} can not be used in a key, please check`);
  if (standard?.kind === 'null' && !nullable) refuse(`Can not set null default value to non nullable column: ${name}`);
}

const KEYABLE = new Set(['boolean', 'integer', 'decimal', 'date', 'datetime', 'text']);

function isKeyable({ type }: Column): boolean {
  return KEYABLE.has(type.kind) && !(type.kind === 'text' && type.name === 'STRING');
}

function checkPartitionColumns({ partitioning, columns }: TableDefinition): void {
  if (partitioning.kind !== 'declared') return;
  for (const name of partitioning.columns) {
    if (!columns.some((column) => column.name.toLowerCase() === name.toLowerCase())) refuse(`Partition column[${name}] does not exist`);
  }
}

function checkProperties(table: TableDefinition): void {
  if (table.properties['dynamic_partition.enable'] === 'true') refuse('the stand-in has no dynamic partitions');
  checkSequence(table);
}

function checkSequence(table: TableDefinition): void {
  const column = table.properties['function_column.sequence_col'];
  const type = table.properties['function_column.sequence_type'];
  if (column === undefined && type === undefined) return;
  if (table.keysType !== 'UNIQUE_KEYS') refuse('sequence column only support UNIQUE_KEYS');
  if (column !== undefined && type !== undefined) refuse('The sequence_col and sequence_type cannot be set at the same time');
  const mapped = sequenceColumn(table);
  if (column !== undefined && !mapped) refuse(`The specified sequence column[${column}] not exists`);
  if (!canSequence(mapped?.type ?? sequenceType(table))) refuse('sequence type only support integer types and date types');
}
