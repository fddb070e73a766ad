import type { Deadline } from '../deadline.ts';
import type { Redriven } from '../ledger/checkpoint.ts';
import { targetName } from '../plan/route.ts';
import type { Doris, Span, Target, Told } from '../ports.ts';
import { type Position, spellPosition } from '../source/position.ts';
import type { SourceShard } from '../source/record.ts';
import type { SettleRules } from './run.ts';

/** Who wants to know. */
interface Inquirer {
  readonly ports: { readonly doris: Pick<Doris, 'countRows'>; readonly ledger: Redriven };
  readonly rules: Pick<SettleRules, 'labelPrefix' | 'positionColumns'>;
  readonly deadline: Deadline;
}

/** One source shard's rows in one table. */
export interface ShardRows {
  readonly source: SourceShard;
  readonly target: Target;
}

/**
 * Counts the rows of a shard that carry a position between two, ends included; only a table with all three columns can tell them from
 * others. Offsets of Iggy begin again when a topic is purged, and rows of several claims lie between two.
 */
export async function countBetween(
  { ports, rules, deadline }: Inquirer,
  { source: of, target }: ShardRows,
  first: string,
  last: string,
  atMost?: number,
): Promise<Told<number>> {
  if (of.kind === 'iggy') return { kind: 'refused', reason: 'offsets of Iggy do not name a row for ever' };
  const { source, shard, position } = rules.positionColumns;
  if (source === undefined || shard === undefined || position === undefined)
    return { kind: 'refused', reason: 'it has no position columns' };
  const span = spanOf({ source, shard, position }, of, first, last);
  return await ports.doris.countRows(target, atMost === undefined ? span : { ...span, atMost }, deadline);
}

/** Rows of a shard that carry a position between two, ends included. */
export function spanOf(
  columns: Readonly<Record<'source' | 'shard' | 'position', string>>,
  of: SourceShard,
  first: string,
  last: string,
): Span {
  return {
    source: { column: columns.source, value: of.stream },
    shard: { column: columns.shard, value: of.shard },
    position: { column: columns.position, first, last },
  };
}

/**
 * Whether the table had its position columns before any load could store a record, so that finding no row by them proves that there is
 * none. It had them when earlier rows of the shard carry them that the loader stored, in the order of the shard. Rows of redrives prove
 * nothing: they are stored long after later ones. Each row is bound before it is stored, so that the ledger is asked last.
 * @returns `true`, or why that is not known. @throws {LedgerUnavailable}
 */
export async function hadColumns(inquirer: Inquirer, rows: ShardRows, position: Position): Promise<Told<true>> {
  const shard = { loader: inquirer.rules.labelPrefix, source: rows.source, target: targetName(rows.target) };
  for (let end = position; ; ) {
    const earlier = await countBetween(inquirer, rows, '', justBefore(end), 1);
    if (earlier.kind !== 'told') return earlier;
    if (earlier.value === 0) return noneBefore(rows, end, position);
    const redriven = await inquirer.ports.ledger.firstRedriven(shard);
    if (redriven === undefined || redriven >= end) return { kind: 'told', value: true };
    end = redriven;
  }
}

function noneBefore({ source }: ShardRows, end: Position, position: Position): Told<never> {
  const which = end === position ? '' : ', where its first redriven record is,';
  return {
    kind: 'refused',
    reason: `none of its rows before position ${spellPosition(end)}${which} names shard ${source.shard}, so the columns may be younger than the record`,
  };
}

/** A text between a position and all that are smaller; `~` comes after all of their characters. */
function justBefore(position: string): string {
  const last = position.length - 1;
  return `${position.slice(0, last)}${String.fromCharCode(position.charCodeAt(last) - 1)}~`;
}
