import type { Cell, Convert } from '../convert/cell.ts';
import type { Column } from '../table/definition.ts';

/** The cell of a column that a row does not mention: its default, else NULL. */
export function defaultCell(column: Column, convert: Convert, now: () => string): Cell {
  switch (column.default?.kind) {
    case undefined:
    case 'null':
      return null;
    case 'literal':
      return convert(column.default.text) ?? null;
    case 'current-timestamp':
      return convert(now()) ?? null;
    case 'current-date':
      return convert(now().slice(0, 10)) ?? null;
    default:
      return column.default satisfies never;
  }
}
