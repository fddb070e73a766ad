import type { Told } from '../ports.ts';
import { columnsOf } from '../settle/run.ts';
import { spellPosition } from '../source/position.ts';
import { type Doubt, keyOf, type Ready, type Redrive } from './letters.ts';

/** Whether a row of the table carries a record's position: one that does proves that the record is there. */
export async function hasRow(redrive: Redrive, ready: Ready): Promise<Told<boolean>> {
  if (ready.source.kind !== 'kinesis' || columnsOf(redrive.rules) === undefined) {
    return { kind: 'refused', reason: 'it has no position columns' };
  }
  const { position } = ready.row.record;
  const own = await countRows(redrive, ready, position, position, 1);
  return own.kind === 'told' ? { kind: 'told', value: own.value > 0 } : own;
}

/**
 * Whether the table has a record's row. That none is found proves that it is not there only where the loads that may have stored it gave
 * their rows these columns, and where the table had them by then.
 */
export async function findRow(redrive: Redrive, ready: Ready, doubts: readonly Doubt[]): Promise<Told<boolean>> {
  const found = await hasRow(redrive, ready);
  if (found.kind !== 'told' || found.value) return found;
  const columns = columnsOf(redrive.rules);
  if (doubts.every((doubt) => doubt.columns === columns)) return await hadColumns(redrive, ready);
  return { kind: 'refused', reason: `its row is not found by the position columns ${columns}, but its load did not have them` };
}

/**
 * The table had its columns by then when earlier rows of the shard carry them that the loader stored, in the order of the shard. Rows of
 * redrives prove nothing: they are stored long after later ones. Each row is bound before it is stored, so that the ledger is asked last.
 * @returns `false`: the row is not there.
 */
async function hadColumns(redrive: Redrive, ready: Ready): Promise<Told<boolean>> {
  const key = keyOf(redrive.rules, ready);
  for (let end = key.position; ; ) {
    const earlier = await countRows(redrive, ready, '', justBefore(end), 1);
    if (earlier.kind !== 'told') return earlier;
    if (earlier.value === 0) return noneBefore(ready, end);
    const redriven = await redrive.ports.ledger.firstRedriven(key);
    if (redriven === undefined || redriven >= end) return { kind: 'told', value: false };
    end = redriven;
  }
}

function noneBefore({ source, row }: Ready, end: Parameters<typeof spellPosition>[0]): Told<boolean> {
  const which = end === row.record.position ? '' : ', where its first redriven record is,';
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

async function countRows(
  { ports, rules, deadline }: Redrive,
  { source, target }: Ready,
  first: string,
  last: string,
  atMost: number,
): Promise<Told<number>> {
  const { source: stream = '', shard = '', position = '' } = rules.positionColumns;
  const span = {
    source: { column: stream, value: source.stream },
    shard: { column: shard, value: source.shard },
    position: { column: position, first, last },
    atMost,
  };
  return await ports.doris.countRows(target, span, deadline);
}
