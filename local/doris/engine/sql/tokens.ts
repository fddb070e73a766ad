import { SqlError } from '../../engine.ts';

/** One token of a statement. `text` is the meaning (unquoted), `start` and `end` are offsets into the statement. */
export interface Token {
  readonly kind: 'word' | 'quoted-name' | 'string' | 'number' | 'symbol' | 'end';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A comment reaches its end or the end of the statement; `/*+ .. *\/` hints count as comments. */
const SKIPPED = /(?:\s+|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const WORD = /[A-Za-z_\u0080-\uffff@$][\w\u0080-\uffff@$]*/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const SYMBOL = /<=>|<=|>=|<>|!=|:=|\|\||&&|->|::|[-+*/%(),.;=<>!~^&|[\]{}:?]/y;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['0', '\0'],
  ['Z', '\x1a'],
]);

/**
 * Cuts a statement into tokens; the last one has kind `end`.
 * @throws {SqlError} at a character that starts no token.
 */
export function tokenize(statement: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = skip(statement, 0);
  while (at < statement.length) {
    const token = tokenAt(statement, at);
    tokens.push(token);
    at = skip(statement, token.end);
  }
  tokens.push({ kind: 'end', text: '', start: at, end: at });
  return tokens;
}

function tokenAt(statement: string, at: number): Token {
  const first = statement.charAt(at);
  if (first === "'" || first === '"') return quoted(statement, at, 'string');
  if (first === '`') return quoted(statement, at, 'quoted-name');
  for (const [kind, pattern] of [
    ['number', NUMBER],
    ['word', WORD],
    ['symbol', SYMBOL],
  ] as const) {
    const text = match(pattern, statement, at);
    if (text) return { kind, text, start: at, end: at + text.length };
  }
  throw new SqlError(`errCode = 2, detailMessage = Syntax error at '${statement.slice(at, at + 20)}'`);
}

function skip(statement: string, at: number): number {
  return at + (match(SKIPPED, statement, at) ?? '').length;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Doris follows MySQL: a doubled quote is the quote itself; a backslash escapes the next character in strings. */
function quoted(statement: string, start: number, kind: 'string' | 'quoted-name'): Token {
  const quote = statement.charAt(start);
  let text = '';
  let at = start + 1;
  while (at < statement.length) {
    const char = statement.charAt(at);
    if (char === quote && statement.charAt(at + 1) !== quote) return { kind, text, start, end: at + 1 };
    const escaped = char === '\\' && kind === 'string';
    text += escaped ? unescaped(statement.charAt(at + 1)) : char;
    at += escaped || char === quote ? 2 : 1;
  }
  throw new SqlError(`errCode = 2, detailMessage = Syntax error: unclosed quote at '${statement.slice(start, start + 20)}'`);
}

/** `\%` and `\_` keep their backslash: LIKE needs it. */
function unescaped(char: string): string {
  return char === '%' || char === '_' ? `\\${char}` : (ESCAPES.get(char) ?? char);
}
