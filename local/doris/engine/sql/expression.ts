import { SqlError } from '../../engine.ts';
import type { RowContext } from '../load/row-values.ts';
import { caseExpression, castExpression } from './conditional.ts';
import { type Cursor, isText, listOf } from './cursor.ts';
import { functionNamed } from './functions.ts';
import { arithmetic, comparison, logical, negated } from './operators.ts';
import type { Value } from './value.ts';

/** Finds the value of a name in the row at hand. */
type Lookup = (name: string) => Value;

/** An expression that can be worked out for a row. */
export interface Expression {
  /** The names it uses. */
  readonly references: readonly string[];
  evaluate(lookup: Lookup, context: RowContext): Value;
}

/**
 * Reads one expression: arithmetic, comparisons, AND/OR/NOT, IN, BETWEEN, LIKE, IS NULL, CASE, CAST and the functions of
 * `functions.ts`.
 * @throws {SqlError} for syntax or a function that the stand-in does not know.
 */
export function readExpression(cursor: Cursor): Expression {
  return readBinary(cursor, 0);
}

type Combine = (left: Value, right: Value) => Value;

/** Operators from weakest to strongest. */
const LEVELS: readonly ReadonlyMap<string, Combine>[] = [
  new Map<string, Combine>([
    ['OR', logical.or],
    ['||', logical.or],
  ]),
  new Map<string, Combine>([
    ['AND', logical.and],
    ['&&', logical.and],
  ]),
  new Map<string, Combine>([
    ['=', comparison.equal],
    ['<=>', comparison.same],
    ['<>', comparison.unequal],
    ['!=', comparison.unequal],
    ['<=', comparison.atMost],
    ['>=', comparison.atLeast],
    ['<', comparison.below],
    ['>', comparison.above],
  ]),
  new Map<string, Combine>([
    ['+', arithmetic.add],
    ['-', arithmetic.subtract],
  ]),
  new Map<string, Combine>([
    ['*', arithmetic.multiply],
    ['/', arithmetic.divide],
    ['DIV', arithmetic.divideWhole],
    ['%', arithmetic.remainder],
  ]),
];
const COMPARISONS = 2;

function readBinary(cursor: Cursor, level: number): Expression {
  const operators = LEVELS[level];
  if (!operators) return readUnary(cursor);
  if (level === COMPARISONS && cursor.accept('NOT')) return applied([readBinary(cursor, level)], ([value = null]) => negated(value));
  let left = readBinary(cursor, level + 1);
  for (;;) {
    const combine = [...operators].find(([text]) => cursor.accept(text))?.[1];
    if (combine) left = applied([left, readBinary(cursor, level + 1)], ([a = null, b = null]) => combine(a, b));
    else if (level === COMPARISONS && startsPredicate(cursor)) left = readPredicate(cursor, left);
    else return left;
  }
}

const PREDICATES = ['IS', 'IN', 'BETWEEN', 'LIKE', 'NOT'];

function startsPredicate(cursor: Cursor): boolean {
  return PREDICATES.some((word) => isText(cursor.peek(), word));
}

function readPredicate(cursor: Cursor, left: Expression): Expression {
  if (cursor.accept('IS')) {
    const not = cursor.accept('NOT');
    cursor.expect('NULL');
    return applied([left], ([value = null]) => (value === null) !== not);
  }
  const not = cursor.accept('NOT');
  const predicate = readMembership(cursor, left);
  return not ? applied([predicate], ([value = null]) => negated(value)) : predicate;
}

function readMembership(cursor: Cursor, left: Expression): Expression {
  if (cursor.accept('IN')) {
    cursor.expect('(');
    const items = listOf(cursor, () => readExpression(cursor));
    cursor.expect(')');
    return applied([left, ...items], ([value = null, ...among]) => among.map((item) => comparison.equal(value, item)).reduce(logical.or));
  }
  if (cursor.accept('BETWEEN')) {
    const low = readBinary(cursor, COMPARISONS + 1);
    cursor.expect('AND');
    const high = readBinary(cursor, COMPARISONS + 1);
    return applied([left, low, high], ([value = null, from = null, to = null]) =>
      logical.and(comparison.atLeast(value, from), comparison.atMost(value, to)),
    );
  }
  cursor.expect('LIKE');
  return applied([left, readBinary(cursor, COMPARISONS + 1)], ([value = null, pattern = null]) => comparison.like(value, pattern));
}

function readUnary(cursor: Cursor): Expression {
  if (cursor.accept('-')) return applied([readUnary(cursor)], ([value = null]) => arithmetic.subtract(0n, value));
  if (cursor.accept('+')) return readUnary(cursor);
  if (cursor.accept('!')) return applied([readUnary(cursor)], ([value = null]) => negated(value));
  return readPrimary(cursor);
}

function readPrimary(cursor: Cursor): Expression {
  if (cursor.accept('(')) {
    const inner = readExpression(cursor);
    cursor.expect(')');
    return inner;
  }
  const token = cursor.next();
  if (token.kind === 'string') return constant(token.text);
  if (token.kind === 'number') return constant(numberLiteral(token.text));
  if (token.kind === 'quoted-name') return reference(token.text);
  if (token.kind === 'word') return readWord(cursor, token.text);
  throw new SqlError(`errCode = 2, detailMessage = Syntax error: an expression cannot start with '${token.text}'`);
}

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['NULL', null],
  ['TRUE', true],
  ['FALSE', false],
]);

function readWord(cursor: Cursor, word: string): Expression {
  const upper = word.toUpperCase();
  const known = WORDS.get(upper);
  if (known !== undefined) return constant(known);
  if (upper === 'CASE') return caseExpression(cursor, readExpression);
  if (cursor.accept('(')) return upper === 'CAST' ? castExpression(cursor, readExpression) : readCall(cursor, word);
  return upper.startsWith('CURRENT_') ? applied([], functionNamed(upper)) : reference(word);
}

function readCall(cursor: Cursor, name: string): Expression {
  const args = cursor.accept(')') ? [] : listOf(cursor, () => readExpression(cursor));
  if (args.length > 0) cursor.expect(')');
  return applied(args, functionNamed(name));
}

/** Integers are exact; other numbers stay texts when a double cannot hold their digits. */
function numberLiteral(text: string): Value {
  if (/^\d+$/.test(text)) return BigInt(text);
  return text.replace(/\D/g, '').length > 15 ? text : Number(text);
}

function constant(value: Value): Expression {
  return { references: [], evaluate: () => value };
}

function reference(name: string): Expression {
  return { references: [name], evaluate: (lookup) => lookup(name) };
}

/** An expression made of others. */
function applied(parts: readonly Expression[], apply: (values: readonly Value[], context: RowContext) => Value): Expression {
  return {
    references: parts.flatMap(({ references }) => references),
    evaluate: (lookup, context) =>
      apply(
        parts.map((part) => part.evaluate(lookup, context)),
        context,
      ),
  };
}
