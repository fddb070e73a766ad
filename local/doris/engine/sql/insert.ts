import { type QueryResult, SqlError } from '../../engine.ts';
import { LOCAL_ZONE } from '../convert/zone.ts';
import { planLoad } from '../load/plan.ts';
import { rowContext, textOf } from '../load/row-values.ts';
import { rowSink } from '../load/sink.ts';
import { mergeStaged } from '../store/publish.ts';
import { openStage } from '../store/stage.ts';
import type { TableDefinition } from '../table/definition.ts';
import { type Statement, tableNamed } from './context.ts';
import type { Cursor } from './cursor.ts';
import { listOf, parenthesised } from './cursor.ts';
import { readExpression } from './expression.ts';

/**
 * INSERT INTO table [(columns)] VALUES (..), ..: the same conversions as a load in strict mode, all rows or none.
 * @throws {SqlError} with the reason of the first bad row.
 */
export async function insertValues(statement: Statement): Promise<QueryResult> {
  const { cursor, database } = statement;
  const table = tableNamed(statement);
  const names = cursor.peek().text === '(' ? parenthesised(cursor, () => cursor.name()) : table.columns.map(({ name }) => name);
  for (const name of names) {
    if (!hasColumn(table, name)) throw new SqlError(`errCode = 2, detailMessage = Unknown column '${name}' in target table.`);
  }
  if (!cursor.accept('VALUES')) cursor.fail('VALUES: the stand-in inserts nothing else');
  const columns = names.map((name) => `\`${name}\``).join(',');
  const plan = planLoad(table, { format: 'csv', columns, strict_mode: 'true' });
  const stage = await openStage(await database.stagingConnection(), table.columns);
  try {
    const sink = rowSink(plan, stage.append);
    for (const row of readRows(cursor)) {
      if (row.length !== names.length) throw new SqlError("errCode = 2, detailMessage = Column count doesn't match value count");
      sink.accept(row, true);
    }
    const { loadedRows, errorLines } = sink.counts();
    if (errorLines[0] !== undefined)
      throw new SqlError(`errCode = 2, detailMessage = Insert has filtered data in strict mode. ${errorLines[0]}`);
    stage.finish();
    await database.transaction((connection) => mergeStaged(connection, table, stage.rows()));
    return { columns: [], rows: [], affectedRows: loadedRows };
  } finally {
    stage.finish();
    await stage.drop();
  }
}

function hasColumn({ columns }: TableDefinition, name: string): boolean {
  return columns.some((column) => column.name.toLowerCase() === name.toLowerCase());
}

function readRows(cursor: Cursor): readonly (readonly (string | null)[])[] {
  const context = rowContext(LOCAL_ZONE);
  const noNames = (name: string): never => {
    throw new SqlError(`errCode = 2, detailMessage = Unknown column '${name}' in VALUES`);
  };
  return listOf(cursor, () => parenthesised(cursor, () => textOf(readExpression(cursor).evaluate(noNames, context))));
}
