import { type ListedCheckpoint, type Listing, listLedger } from '../../lib/ledger/listing.ts';
import { asked, openDynamoDb } from '../aws.ts';
import type { Session } from '../session.ts';

/** Which checkpoints are meant; those of the loader when nothing is said. */
export interface Selection {
  /** Name or ARN. */
  readonly stream?: string;
  readonly shard?: string;
  /** `database.table`, or the table alone. */
  readonly table?: string;
  readonly allLoaders?: boolean;
}

/** Reads the ledger of the settings. @throws {CommandError} */
export async function readLedger(session: Session, allLoaders: boolean): Promise<Listing & { readonly of: string }> {
  const { LEDGER_TABLE, LABEL_PREFIX } = session.settings('LEDGER_TABLE', 'LABEL_PREFIX');
  const listing = await asked(
    `ledger table ${LEDGER_TABLE}`,
    listLedger(openDynamoDb(), LEDGER_TABLE, allLoaders ? undefined : LABEL_PREFIX),
  );
  return { ...listing, of: `${allLoaders ? 'any loader' : `loader ${LABEL_PREFIX}`} in ${LEDGER_TABLE}` };
}

/** Whether a checkpoint is one of those that are meant. A shard may be named by its number. */
export function isSelected({ source, target }: ListedCheckpoint, { stream, shard, table }: Selection): boolean {
  return (
    (stream === undefined || stream === source.stream || stream === source.streamName) &&
    (shard === undefined || shard === source.shard || /^shardId-0*(\d+)$/.exec(source.shard)?.[1] === shard) &&
    (table === undefined || table === target || target.endsWith(`.${table}`))
  );
}
