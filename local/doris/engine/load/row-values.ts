import type { Cell } from '../convert/cell.ts';
import { datetimeText } from '../convert/datetime.ts';
import type { ZoneOffset } from '../convert/zone.ts';
import type { Field } from '../json/object.ts';
import { numberOf, type Value } from '../sql/value.ts';
import type { Column } from '../table/definition.ts';
import type { ColumnType } from '../table/types.ts';

/** What expressions know besides the row: the zone of the load and its one idea of the present. */
export interface RowContext {
  readonly zone: ZoneOffset;
  /** The present in the zone of the load, as `2024-04-02 17:00:00.123456`. The same for all rows. */
  readonly now: () => string;
}

/** Fixes the present for one load, so that all its rows get the same CURRENT_TIMESTAMP. */
export function rowContext(zone: ZoneOffset): RowContext {
  const millis = Date.now();
  const local = millis + zone(Math.floor(millis / 1000)) * 1000;
  const text = datetimeText(BigInt(local) * 1000n, 6);
  return { zone, now: () => text };
}

/** Fields by name without regard to case, as expressions in `columns` name them. */
export function sourceLookup(sources: readonly string[]): (fields: readonly Field[]) => (name: string) => string | null {
  const index = indexOf(sources);
  return (fields) => (name) => fields[index.get(name.toLowerCase()) ?? -1] ?? null;
}

/** Cells by column name, as `where` sees them: after conversion, dates as their text. */
export function targetLookup(columns: readonly Column[], cells: readonly Cell[]): (name: string) => Value {
  return (name) => {
    const index = columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
    const column = columns[index];
    return column ? cellValue(cells[index] ?? null, column.type) : null;
  };
}

/** The text that a computed value hands to its column. */
export function textOf(value: Value): string | null {
  if (value === null) return null;
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}

/** What the text of a cell means to an expression. */
export function cellValue(cell: Cell, type: ColumnType): Value {
  if (cell === null) return null;
  if (type.kind === 'boolean') return cell === 'true';
  return type.kind === 'integer' || type.kind === 'float' || type.kind === 'decimal' ? numberOf(cell) : cell;
}

function indexOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, index) => [name.toLowerCase(), index] as const));
}
