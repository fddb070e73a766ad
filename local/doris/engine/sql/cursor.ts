import { SqlError } from '../../engine.ts';
import { type Token, tokenize } from './tokens.ts';

/** Reads a statement token by token. Words are compared without regard to case. */
export interface Cursor {
  peek(ahead?: number): Token;
  next(): Token;
  /** Takes the words or symbols when they come next, all or none. */
  accept(...texts: readonly string[]): boolean;
  /** @throws {SqlError} when the words or symbols do not come next. */
  expect(...texts: readonly string[]): void;
  /** Takes a name, quoted or not. */
  name(): string;
  /** Takes a string or a number and gives its text. */
  literal(): string;
  /** @throws {SqlError} that points at the current token. */
  fail(expected: string): never;
}

/** Opens a statement for reading. */
export function cursorOf(statement: string): Cursor {
  const tokens = tokenize(statement);
  const last = tokens.length - 1;
  let at = 0;
  const tokenAt = (index: number): Token => tokens[Math.min(index, last)] ?? { kind: 'end', text: '', start: 0, end: 0 };
  const comesNext = (texts: readonly string[]) => texts.every((text, index) => isText(tokenAt(at + index), text));

  const cursor: Cursor = {
    peek: (ahead = 0) => tokenAt(at + ahead),
    next: () => tokenAt(at++),
    accept: (...texts) => {
      const found = comesNext(texts);
      if (found) at += texts.length;
      return found;
    },
    expect: (...texts) => {
      if (!cursor.accept(...texts)) cursor.fail(texts.join(' '));
    },
    name: () => {
      const { kind } = tokenAt(at);
      return kind === 'word' || kind === 'quoted-name' ? tokenAt(at++).text : cursor.fail('a name');
    },
    literal: () => {
      const sign = tokenAt(at + 1).kind === 'number' && cursor.accept('-') ? '-' : '';
      const { kind } = tokenAt(at);
      return kind === 'string' || kind === 'number' ? sign + tokenAt(at++).text : cursor.fail('a string or a number');
    },
    fail: (expected) => {
      const { start, kind } = tokenAt(at);
      const found = kind === 'end' ? 'the end of the statement' : `'${statement.slice(start, start + 30)}'`;
      throw new SqlError(`errCode = 2, detailMessage = Syntax error: expected ${expected}, found ${found}`);
    },
  };
  return cursor;
}

/** True when the token is this keyword or symbol; a quoted name or a string is never one. */
export function isText(token: Token, text: string): boolean {
  return (token.kind === 'word' || token.kind === 'symbol') && token.text.toUpperCase() === text.toUpperCase();
}

/** Takes `one (, one)*`. */
export function listOf<T>(cursor: Cursor, one: () => T): readonly T[] {
  const items = [one()];
  while (cursor.accept(',')) items.push(one());
  return items;
}

/** Takes `( one (, one)* )`. */
export function parenthesised<T>(cursor: Cursor, one: () => T): readonly T[] {
  cursor.expect('(');
  const items = listOf(cursor, one);
  cursor.expect(')');
  return items;
}
