import type { TableName } from '../../engine.ts';
import { type Cursor, isText } from './cursor.ts';
import type { Token } from './tokens.ts';
import type { Paren } from './translate.ts';

const INTRODUCERS = ['FROM', 'JOIN'];

/** True when the token before says that a table comes next: FROM, JOIN, or a comma between tables of a FROM. */
export function isTableNext(parens: readonly Paren[], before: Token | undefined): boolean {
  if (!before) return false;
  if (before.kind === 'symbol' && before.text === ',') return parens.at(-1)?.inFrom ?? false;
  return parens.at(-1)?.kind !== 'call' && INTRODUCERS.some((word) => isText(before, word));
}

/** Reads `table`, `database.table` or `internal.database.table`. A text in quotes would be a file to DuckDB and is refused. */
export function readTableReference(cursor: Cursor, database: string): TableName {
  if (cursor.peek(1).text === '(') cursor.fail('a table: the stand-in has no table functions');
  const parts = [cursor.name()];
  while (cursor.accept('.')) parts.push(cursor.name());
  if (parts.length === 3 && parts[0] === 'internal') parts.shift();
  const [first = '', second] = parts;
  if (parts.length > 2) cursor.fail('database.table');
  return second === undefined ? { database, table: first } : { database: first, table: second };
}
