import { convertFor } from '../convert/convert.ts';
import { LOCAL_ZONE } from '../convert/zone.ts';
import { cellValue } from '../load/row-values.ts';
import type { Cursor } from './cursor.ts';
import type { Expression } from './expression.ts';
import { comparison } from './operators.ts';
import { readType } from './type.ts';
import { stringOf, truthOf } from './value.ts';

type ReadExpression = (cursor: Cursor) => Expression;

/** Reads the rest of `CASE [x] WHEN a THEN b .. [ELSE c] END`. */
export function caseExpression(cursor: Cursor, read: ReadExpression): Expression {
  const subject = cursor.peek().text.toUpperCase() === 'WHEN' ? undefined : read(cursor);
  const branches: (readonly [Expression, Expression])[] = [];
  while (cursor.accept('WHEN')) {
    const condition = read(cursor);
    cursor.expect('THEN');
    branches.push([condition, read(cursor)]);
  }
  const otherwise = cursor.accept('ELSE') ? read(cursor) : undefined;
  cursor.expect('END');
  const parts = [...branches.flat(), ...(subject ? [subject] : []), ...(otherwise ? [otherwise] : [])];
  return {
    references: parts.flatMap(({ references }) => references),
    evaluate: (lookup, context) => {
      const value = subject?.evaluate(lookup, context) ?? null;
      const holds = (condition: Expression) => {
        const tested = condition.evaluate(lookup, context);
        return truthOf(subject ? comparison.equal(value, tested) : tested) === true;
      };
      const chosen = branches.find(([condition]) => holds(condition))?.[1] ?? otherwise;
      return chosen?.evaluate(lookup, context) ?? null;
    },
  };
}

/** Reads the rest of `CAST(x AS type)`: a value that is none of the type becomes NULL. */
export function castExpression(cursor: Cursor, read: ReadExpression): Expression {
  const inner = read(cursor);
  cursor.expect('AS');
  const type = readType(cursor);
  cursor.expect(')');
  const convert = convertFor(type, { strict: false, zone: LOCAL_ZONE });
  return {
    references: inner.references,
    evaluate: (lookup, context) => {
      const text = stringOf(inner.evaluate(lookup, context));
      return text === null ? null : cellValue(convert(text) ?? null, type);
    },
  };
}
