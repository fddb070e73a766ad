import { PlanError, type ReadOptions, SqlError } from '../../engine.ts';
import { type Cursor, cursorOf, listOf } from '../sql/cursor.ts';
import { type Expression, readExpression } from '../sql/expression.ts';
import type { TableDefinition } from '../table/definition.ts';

/** Where a column of the table gets its value from. */
export type Target =
  | { readonly kind: 'source'; readonly index: number }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'default' };

/** Which fields a body has and how they fill the table. */
export interface Mapping {
  /** The fields of a body in order, spelled as the header (or the table) spells them. */
  readonly sources: readonly string[];
  /** One for each column of the table, in order. */
  readonly targets: readonly Target[];
  /** Rows for which it is not true are left out. */
  readonly where?: Expression;
}

interface Entry {
  readonly name: string;
  readonly expression?: Expression;
}

/**
 * Understands `columns` and `where`. Names that the table does not have are fields to skip or to use in expressions, not faults
 * (test_stream_load_error_url.too_many_columns, test_json_load.case27).
 * @throws {PlanError} when a column would stay without a value, or an expression cannot be read.
 */
export function mapColumns(table: TableDefinition, options: ReadOptions, format: 'json' | 'csv'): Mapping {
  const entries = options['columns'] ? readColumns(options['columns']) : [];
  refuseHidden(entries);
  const plain = entries.filter(({ expression }) => !expression).map(({ name }) => name);
  // Without a plain name the columns of the table are the fields, also those that an expression fills (test_json_load.case2).
  const sources = plain.length > 0 ? plain : table.columns.map(({ name }) => (format === 'json' ? name : name.toLowerCase()));
  const where = options['where'] ? readWhere(options['where']) : undefined;
  const expressions = entries.filter(({ expression, name }) => expression && hasColumn(table, name));
  checkReferences(expressions, sources);
  return { sources, targets: table.columns.map((column) => targetOf(column, sources, expressions)), ...(where && { where }) };
}

/** Taken for fields to skip, Doris's hidden columns would turn deletes into rows. */
function refuseHidden(entries: readonly Entry[]): void {
  const hidden = entries.find(({ name }) => name.toUpperCase().startsWith('__DORIS_'));
  if (hidden) throw new PlanError('NOT_IMPLEMENTED_ERROR', `the stand-in does not know the hidden column ${hidden.name}`);
}

function targetOf(column: TableDefinition['columns'][number], sources: readonly string[], entries: readonly Entry[]): Target {
  const name = column.name.toLowerCase();
  const expression = entries.findLast((entry) => entry.name.toLowerCase() === name)?.expression;
  if (expression) return { kind: 'expression', expression };
  const index = sources.findIndex((source) => source.toLowerCase() === name);
  if (index >= 0) return { kind: 'source', index };
  if (!column.default && !column.nullable) {
    throw new PlanError('ANALYSIS_ERROR', `TStatus: errCode = 2, detailMessage = Column has no default value. column: ${column.name}`);
  }
  return { kind: 'default' };
}

function readColumns(header: string): readonly Entry[] {
  return reading('columns', header, (cursor) =>
    listOf(cursor, () => {
      const name = cursor.name();
      return cursor.accept('=') ? { name, expression: readExpression(cursor) } : { name };
    }),
  );
}

function readWhere(header: string): Expression {
  return reading('where', header, (cursor) => readExpression(cursor));
}

function reading<T>(header: string, text: string, read: (cursor: Cursor) => T): T {
  const result = attempt(() => {
    const cursor = cursorOf(text);
    const value = read(cursor);
    if (cursor.peek().kind !== 'end') cursor.fail('the end');
    return value;
  });
  if (result instanceof SqlError) throw new PlanError('ANALYSIS_ERROR', `TStatus: ${result.message} (header ${header})`);
  return result;
}

function attempt<T>(action: () => T): T | SqlError {
  try {
    return action();
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
}

function checkReferences(entries: readonly Entry[], sources: readonly string[]): void {
  const known = new Set(sources.map((name) => name.toLowerCase()));
  for (const { name, expression } of entries) {
    const unknown = expression?.references.find((reference) => !known.has(reference.toLowerCase()));
    if (unknown === undefined) continue;
    throw new PlanError(
      'ANALYSIS_ERROR',
      `TStatus: errCode = 2, detailMessage = unknown reference column, column=${name}, reference=${unknown}`,
    );
  }
}

function hasColumn(table: TableDefinition, name: string): boolean {
  return table.columns.some((column) => column.name.toLowerCase() === name.toLowerCase());
}
