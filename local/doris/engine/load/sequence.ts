import { PlanError } from '../../engine.ts';
import { type Column, canSequence, sequenceColumn, sequenceType, type TableDefinition } from '../table/definition.ts';

/**
 * The column by which a load into a table with a hidden sequence column orders rows of a key. A table that names its own column takes that
 * one, whatever the header says.
 * @param header - the value of `function_column.sequence_col`.
 * @throws {PlanError} with the texts of Doris's planner.
 */
export function chosenSequence(table: TableDefinition, header: string | undefined): Column | undefined {
  const type = sequenceType(table);
  if (sequenceColumn(table)) return undefined;
  if (!type) return header ? refuse(`There is no sequence column in the table ${table.name.table}`) : undefined;
  if (!header) return refuse(`Table ${table.name.table} has sequence column, need to specify the sequence column`);
  const column = table.columns.find(({ name }) => name.toLowerCase() === header.toLowerCase());
  if (!column) return refuse(`unknown reference column, column=__DORIS_SEQUENCE_COL__, reference=${header}`);
  if ((column.type.kind === 'integer') !== (type.kind === 'integer') || !canSequence(column.type)) {
    throw new PlanError('NOT_IMPLEMENTED_ERROR', `the stand-in cannot make a sequence of the column ${header}: it is of another type`);
  }
  return column;
}

function refuse(reason: string): never {
  throw new PlanError('ANALYSIS_ERROR', `TStatus: errCode = 2, detailMessage = ${reason}`);
}
