import type { Cell, Convert } from '../convert/cell.ts';
import { convertFor } from '../convert/convert.ts';
import type { Field } from '../json/object.ts';
import { truthOf } from '../sql/value.ts';
import type { Column } from '../table/definition.ts';
import { defaultCell } from './default.ts';
import { errorLog } from './error-log.ts';
import { fitText } from './length.ts';
import type { Target } from './mapping.ts';
import { partitionCheck } from './partitions.ts';
import type { LoadPlan } from './plan.ts';
import { type RowContext, rowContext, sourceLookup, targetLookup, textOf } from './row-values.ts';

/** Takes the rows of a body one by one, in order, and judges each (reference 9.7 to 9.12). */
export interface RowSink {
  /**
   * @param fields - one a source of the plan; read before the call returns, so the caller may reuse the array.
   * @param odd - true when a field may hold control characters.
   */
  accept(fields: readonly Field[], odd: boolean): void;
  /** Counts a row that could not be read. */
  reject(reason: string, line: string): void;
  /** True when more rows than Doris tolerates were bad and reading has to end. */
  readonly stopped: () => boolean;
  readonly counts: () => SinkCounts;
}

/** What became of the rows so far. */
interface SinkCounts {
  readonly loadedRows: number;
  readonly filteredRows: number;
  readonly unselectedRows: number;
  readonly errorLines: readonly string[];
}

/** A column of the table with all that is needed to fill it. */
interface Slot {
  readonly column: Column;
  readonly target: Target;
  readonly convert: Convert;
  readonly standard: Cell;
}

type Judgement =
  | { readonly kind: 'good' }
  | { readonly kind: 'unselected' }
  | { readonly kind: 'bad'; readonly reason: string; readonly line: string };

const GOOD: Judgement = { kind: 'good' };
const UNSELECTED: Judgement = { kind: 'unselected' };

/** Starts a sink whose good rows go to `store`. */
export function rowSink(plan: LoadPlan, store: (cells: Cell[], odd: boolean) => void): RowSink {
  const context = rowContext(plan.zone);
  const slots = plan.table.columns.map((column, index) =>
    slotOf(plan, column, plan.mapping.targets[index] ?? { kind: 'default' }, context),
  );
  const judge = rowJudge(plan, slots, context);
  // Defaults and expressions can bring control characters into a row that had none.
  const computed = slots.some(
    ({ target, standard }) => target.kind === 'expression' || (standard !== null && !/^[ -\uffff]*$/.test(standard)),
  );
  const log = errorLog();
  let loadedRows = 0;
  let unselectedRows = 0;
  return {
    accept: (fields, odd) => {
      const cells: Cell[] = new Array(slots.length);
      const judgement = judge(fields, cells);
      if (judgement === GOOD) {
        loadedRows++;
        store(cells, odd || computed);
      } else if (judgement.kind === 'bad') log.add(judgement.reason, judgement.line);
      else unselectedRows++;
    },
    reject: log.add,
    stopped: () => plan.zeroTolerance && log.overflowing(),
    counts: () => ({ loadedRows, unselectedRows, filteredRows: log.badRows(), errorLines: log.lines() }),
  };
}

/** Doris's order: conversion and NULL checks, then `where`, then the checks of the table sink (length, partition). */
function rowJudge(plan: LoadPlan, slots: readonly Slot[], context: RowContext) {
  const { where, sources } = plan.mapping;
  const hasPartition = partitionCheck(plan.table, plan.partitions);
  const lookup = sourceLookup(sources);
  const columns = plan.table.columns;
  const fieldFor = ({ target }: Slot, fields: readonly Field[]): Field => {
    if (target.kind === 'source') return fields[target.index];
    return target.kind === 'default' ? undefined : textOf(target.expression.evaluate(lookup(fields), context));
  };
  const conversionFault = (fields: readonly Field[], cells: Cell[]): string | undefined => {
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index] as Slot;
      const reason = fill(slot, fieldFor(slot, fields), cells, { index, strict: plan.strict });
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
  return (fields: readonly Field[], cells: Cell[]): Judgement => {
    const fault = conversionFault(fields, cells);
    if (fault !== undefined) return { kind: 'bad', reason: fault, line: dumped(fields) };
    if (where && truthOf(where.evaluate(targetLookup(columns, cells), context)) !== true) return UNSELECTED;
    const misfit = sinkFault(slots, cells, plan.strict);
    if (misfit !== undefined) return { kind: 'bad', reason: misfit, line: '' };
    return hasPartition(cells) ? GOOD : { kind: 'bad', reason: `no partition for this tuple. tuple=${dumped(cells)}`, line: '' };
  };
}

function slotOf(plan: LoadPlan, column: Column, target: Target, { now }: RowContext): Slot {
  const convert = convertFor(column.type, plan);
  return { column, target, convert, standard: defaultCell(column, convert, now) };
}

/** Converts one field into its cell. @returns why the row is bad, if it is. */
function fill(
  { column, convert, standard }: Slot,
  text: Field,
  cells: Cell[],
  at: { readonly index: number; readonly strict: boolean },
): string | undefined {
  const cell = text === undefined ? standard : text === null ? null : convert(text);
  if (cell === undefined && at.strict) return `column(${column.name}) value is incorrect while strict mode is true, src value is ${text}`;
  cells[at.index] = cell ?? null;
  if (cell === null || cell === undefined)
    return column.nullable ? undefined : `column(${column.name}) values is null while columns is not nullable`;
  return undefined;
}

function sinkFault(slots: readonly Slot[], cells: Cell[], strict: boolean): string | undefined {
  for (let index = 0; index < slots.length; index++) {
    const cell = cells[index];
    const { column } = slots[index] as Slot;
    if (column.type.kind !== 'text' || typeof cell !== 'string') continue;
    const fitted = fitText(cell, column.type.bytes, strict);
    if (fitted.kind === 'too-long') return `column_name[${column.name}], ${fitted.reason}`;
    cells[index] = fitted.text;
  }
  return undefined;
}

/** A row joined by blanks: how Doris shows one that it could read but not convert. */
function dumped(fields: readonly Field[]): string {
  return fields.map((field) => field ?? 'NULL').join(' ');
}
