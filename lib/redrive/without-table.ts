import type { StoredLetter } from '../dead-letter/read.ts';
import type { Ledger } from '../ledger/checkpoint.ts';
import { targetName } from '../plan/route.ts';
import { hasRow } from './find-row.ts';
import { kept, type Redrive } from './letters.ts';
import type { Prepared } from './prepare.ts';

/** What tells whether a record has been settled, and where. */
interface Witnesses {
  readonly sources: { readonly checkpoints: Pick<Ledger, 'read'> };
  readonly redrive: Redrive;
}

/**
 * Of a Kinesis record that no table took only its letter keeps the verdict. While the loader has not settled it, it comes again, and under
 * other rules as a row of some table; whether it did, that table's position columns may tell later.
 * @throws {LedgerUnavailable}
 */
export async function settledWithoutTable(letter: StoredLetter, prepared: Prepared, { sources, redrive }: Witnesses): Promise<Prepared> {
  const { source, target, position } = letter;
  if (source.kind !== 'kinesis' || target !== targetName(undefined) || prepared.kind !== 'ready') return prepared;
  const { labelPrefix: loader, reloadUnverifiable } = redrive.rules;
  const { through } = await sources.checkpoints.read({ loader, source, target });
  const isSettled = through !== undefined && position <= through;
  if (!isSettled && !reloadUnverifiable) return { kind: 'not ready', fate: { kind: 'unverifiable', reason: NOT_SETTLED } };
  const found = await hasRow(redrive, prepared.ready);
  if (found.kind === 'unreachable') return { kind: 'not ready', fate: kept(found.reason) };
  return found.kind === 'told' && found.value ? { kind: 'not ready', fate: { kind: 'loaded', before: true } } : prepared;
}

const NOT_SETTLED = 'the loader has not settled it without a table: it comes again, and has a table then where the rules changed';
