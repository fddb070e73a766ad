import { SqlError } from '../../engine.ts';
import type { Catalog } from '../store/catalog.ts';
import { quoteName, quoteText } from '../store/identifier.ts';
import { storedTable } from '../store/stored-table.ts';
import type { TableDefinition } from '../table/definition.ts';
import { storageType } from '../table/types.ts';
import { type Cursor, cursorOf, isText } from './cursor.ts';
import { duckDateFormat, duckFunction, isKeyword, isReserved } from './duck-functions.ts';
import { isTableNext, readTableReference } from './table-reference.ts';
import type { Token } from './tokens.ts';
import { readType } from './type.ts';

/** A statement for DuckDB and the tables of Doris that it names. */
export interface Translated {
  readonly sql: string;
  readonly tables: readonly TableDefinition[];
}

/** Where names are looked up. */
export interface Names {
  readonly current: string;
  readonly catalog: Catalog;
}

/**
 * Rewrites a statement of Doris for DuckDB, token by token: quotes, table names, operators, CAST types, VARIANT paths, functions.
 * @throws {SqlError} for a table that does not exist and a function whose result might differ.
 */
export function translate(statement: string, names: Names): Translated {
  const cursor = cursorOf(statement);
  const state: State = {
    cursor,
    names,
    output: [],
    tables: [],
    parens: [{ kind: 'group', inFrom: false }],
    ctes: cteNames(statement),
    columns: columnNames(names.catalog),
  };
  while (cursor.peek().kind !== 'end') {
    if (cursor.accept(';')) {
      if (cursor.peek().kind !== 'end') cursor.fail('one statement only');
      break;
    }
    if (isTableNext(state.parens, state.before)) translateTable(state);
    else translateToken(state, cursor.next());
  }
  return { sql: state.output.join(' '), tables: state.tables };
}

/** What the last `(` opened; the first frame is the statement itself. */
export interface Paren {
  readonly kind: 'group' | 'cast' | 'call' | 'date-format';
  /** True between FROM and the next clause. */
  inFrom: boolean;
}

interface State {
  readonly cursor: Cursor;
  readonly names: Names;
  readonly output: string[];
  readonly tables: TableDefinition[];
  readonly parens: Paren[];
  readonly ctes: ReadonlySet<string>;
  /** Names of columns in lower case: some of them are words that DuckDB would take for its own. */
  readonly columns: ReadonlySet<string>;
  /** The token before the next one. */
  before?: Token;
}

const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['<=>', 'IS NOT DISTINCT FROM'],
  ['&&', 'AND'],
  ['||', 'OR'],
  ['!', 'NOT'],
]);

function translateToken(state: State, token: Token): void {
  const { output } = state;
  switch (token.kind) {
    case 'string':
      output.push(quoteText(state.parens.at(-1)?.kind === 'date-format' ? duckDateFormat(token.text) : token.text));
      break;
    case 'number':
      output.push(token.text);
      break;
    case 'symbol':
      translateSymbol(state, token.text);
      break;
    case 'quoted-name':
    case 'word':
      translateName(state, token);
      break;
    default:
      break;
  }
  state.before = token;
}

function translateSymbol({ output, parens }: State, text: string): void {
  if (text === '(') parens.push({ kind: 'group', inFrom: false });
  if (text === ')' && parens.length > 1) parens.pop();
  output.push(OPERATORS.get(text) ?? text);
}

function translateName(state: State, token: Token): void {
  noteClause(state, token);
  const { cursor, output, parens } = state;
  if (isCall(cursor, token)) translateCall(state, token.text);
  else if (isText(token, 'AS') && parens.at(-1)?.kind === 'cast') output.push('AS', storageType(readType(cursor)));
  else if (isText(token, 'LIMIT') && cursor.peek(1).text === ',') translateLimit(state);
  else if (isText(token, 'DIV')) output.push('//');
  else if (isSubscript(cursor)) translatePath(state, token);
  else output.push(isName(state, token) ? quoteName(token.text) : token.text);
}

function isName({ before, columns }: State, { kind, text }: Token): boolean {
  return kind === 'quoted-name' || before?.text === '.' || (columns.has(text.toLowerCase()) && !isReserved(text));
}

function columnNames(catalog: Catalog): ReadonlySet<string> {
  const tables = catalog.databases().flatMap((database) => catalog.tables(database));
  return new Set(tables.flatMap(({ columns }) => columns.map(({ name }) => name.toLowerCase())));
}

function isCall(cursor: Cursor, token: Token): boolean {
  return token.kind === 'word' && cursor.peek().kind === 'symbol' && cursor.peek().text === '(' && !isKeyword(token.text);
}

const CLAUSES = [
  'WHERE',
  'GROUP',
  'ORDER',
  'HAVING',
  'LIMIT',
  'UNION',
  'SELECT',
  'ON',
  'USING',
  'QUALIFY',
  'WINDOW',
  'EXCEPT',
  'INTERSECT',
];

/** A comma means another table only between FROM and the next clause. */
function noteClause({ parens }: State, token: Token): void {
  const paren = parens.at(-1);
  if (paren?.kind !== 'group') return;
  if (isText(token, 'FROM') || isText(token, 'JOIN')) paren.inFrom = true;
  else if (CLAUSES.some((word) => isText(token, word))) paren.inFrom = false;
}

function translateCall({ cursor, output, parens }: State, name: string): void {
  cursor.expect('(');
  const isCast = name.toUpperCase() === 'CAST';
  parens.push({ kind: isCast ? 'cast' : name.toLowerCase() === 'date_format' ? 'date-format' : 'call', inFrom: false });
  output.push(isCast ? 'TRY_CAST' : duckFunction(name), '(');
}

/** `LIMIT offset, count`. */
function translateLimit({ cursor, output }: State): void {
  const offset = cursor.literal();
  cursor.expect(',');
  output.push('LIMIT', cursor.literal(), 'OFFSET', offset);
}

function isSubscript(cursor: Cursor): boolean {
  return cursor.peek().kind === 'symbol' && cursor.peek().text === '[';
}

/** `v['a']['b']`: the text at that path, as a VARIANT prints it. */
function translatePath({ cursor, output }: State, token: Token): void {
  const steps: string[] = [];
  while (cursor.accept('[')) {
    if (cursor.peek().kind !== 'string') cursor.fail("a key such as ['name']: the stand-in has no numbered subscripts");
    steps.push(`."${cursor.next().text.replaceAll('"', '\\"')}"`);
    cursor.expect(']');
  }
  const qualified = output.at(-1) === '.' ? output.splice(-2).join('') : '';
  output.push(`json_extract_string(${qualified}${quoteName(token.text)}, ${quoteText(`$${steps.join('')}`)})`);
}

function translateTable(state: State): void {
  const { cursor, names, ctes, output } = state;
  const first = cursor.peek();
  if (first.kind === 'symbol') {
    translateToken(state, cursor.next());
    return;
  }
  const name = readTableReference(cursor, names.current);
  state.before = { kind: 'quoted-name', text: name.table, start: first.start, end: first.end };
  const table = names.catalog.table(name);
  if (table) {
    state.tables.push(table);
    output.push(storedTable(table));
  } else if (name.database === names.current && ctes.has(name.table.toLowerCase())) output.push(quoteName(name.table));
  else throw new SqlError(`errCode = 2, detailMessage = Table [${name.table}] does not exist in database [${name.database}].`);
}

/** Names that `WITH name AS (` gives to queries. */
function cteNames(statement: string): ReadonlySet<string> {
  const names = [...statement.matchAll(/[`"]?([\w$]+)[`"]?\s+as\s*\(/gi)].map(([, name = '']) => name.toLowerCase());
  return new Set(names);
}
