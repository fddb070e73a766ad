import { SqlError } from '../../engine.ts';
import { type ColumnType, typeOf, typeText } from '../table/types.ts';
import { type Cursor, listOf, parenthesised } from './cursor.ts';

/**
 * Reads a column type such as `DECIMAL(18, 4)` or `ARRAY<STRUCT<a:INT>>`.
 * @throws {SqlError} for a type that the stand-in does not know.
 */
export function readType(cursor: Cursor): ColumnType {
  const name = cursor.name();
  const nested = readNested(cursor, name.toUpperCase());
  if (nested) return nested;
  const args = cursor.peek().text === '(' && name.toUpperCase() !== 'VARIANT' ? parenthesised(cursor, () => Number(cursor.literal())) : [];
  const type = knownType(name, args);
  if (!type) throw new SqlError(`errCode = 2, detailMessage = Unsupported column type ${name}`);
  return type;
}

function knownType(name: string, args: readonly number[]): ColumnType | undefined {
  try {
    return typeOf(name, args);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SqlError(`errCode = 2, detailMessage = ${error.message}`, { cause: error });
  }
}

function readNested(cursor: Cursor, name: string): ColumnType | undefined {
  if (name !== 'ARRAY' && name !== 'MAP' && name !== 'STRUCT') return undefined;
  cursor.expect('<');
  const parts = listOf(cursor, () => {
    const field = name === 'STRUCT' ? `${cursor.name()}:` : '';
    if (name === 'STRUCT') cursor.accept(':');
    const text = typeText(readType(cursor));
    readFieldSuffix(cursor);
    return field + text;
  });
  cursor.expect('>');
  return { kind: 'nested', shape: name === 'ARRAY' ? 'array' : 'object', text: `${name}<${parts.join(',')}>` };
}

function readFieldSuffix(cursor: Cursor): void {
  if (!cursor.accept('NOT', 'NULL')) cursor.accept('NULL');
  if (cursor.accept('COMMENT')) cursor.literal();
}
