import type { Told } from '../ports.ts';
import { columnsOf } from '../settle/run.ts';
import { countBetween, hadColumns } from '../settle/shard-rows.ts';
import type { Doubt, Ready, Redrive } from './letters.ts';

/** Whether a row of the table carries a record's position: one that does proves that the record is there. */
export async function hasRow(redrive: Redrive, ready: Ready): Promise<Told<boolean>> {
  const { position } = ready.row.record;
  const own = await countBetween(redrive, ready, position, position, 1);
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
  if (doubts.some((doubt) => doubt.columns !== columns))
    return { kind: 'refused', reason: `its row is not found by the position columns ${columns}, but its load did not have them` };
  const had = await hadColumns(redrive, ready, ready.row.record.position);
  return had.kind === 'told' ? { kind: 'told', value: false } : had;
}
