import { GroupLost } from '../ledger/group.ts';
import type { Run } from '../settle/run.ts';
import { settleTable } from '../settle/settle-table.ts';
import { again, type Fate, settled } from './passage.ts';

/** Settles a run of one group as if the group were a shard. */
export async function settleRun(run: Run): Promise<readonly Fate[]> {
  const { records } = run.table;
  try {
    const settlement = await settleTable(run);
    if (settlement.kind === 'settled') return [settled(records)];
    const at = records.indexOf(settlement.from);
    return [settled(records.slice(0, at)), { kind: 'unsettled', records: records.slice(at), reason: settlement.reason }];
  } catch (error) {
    if (!(error instanceof GroupLost)) throw error;
    return [again(records)];
  }
}
