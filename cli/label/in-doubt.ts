import type { CheckpointKey, Claim } from '../../lib/ledger/checkpoint.ts';
import type { Item } from '../../lib/ledger/item.ts';
import type { Label } from '../../lib/plan/label.ts';
import { type FoundLoad, foundLoadOf, isBoundUnder, isLoadUnder, targetOfLoad } from '../../lib/redrive/find.ts';
import { readLedger } from '../ledger/select.ts';
import type { Session } from '../session.ts';

/** A loader's claim, of a shard or of a group of messages. */
export interface ClaimUnder {
  readonly kind: 'claim';
  readonly key: CheckpointKey;
  readonly claim: Claim;
  /** See `Checkpoint`. */
  readonly witness: Label | undefined;
}

/** A load of a redrive. */
interface RedriveUnder {
  readonly kind: 'redrive';
  readonly found: FoundLoad;
  /** `database.table`; none where no record is bound to it. */
  readonly target: string | undefined;
}

/** A load whose label is known, as the ledger has it. */
export type LoadUnder = ClaimUnder | RedriveUnder;

/** Everything that the loader of the settings has in its ledger under a label, and where that was looked for. @throws {CommandError} */
export async function loadsUnder(session: Session, label: string): Promise<{ readonly loads: readonly LoadUnder[]; readonly of: string }> {
  const redrives: Item[] = [];
  const bound: Item[] = [];
  const { checkpoints, groups, of } = await readLedger(session, {}, (item) => {
    if (isLoadUnder(label, item)) redrives.push(item);
    if (isBoundUnder(label, item)) bound.push(item);
  });
  const claims = [...checkpoints, ...groups].flatMap((key): LoadUnder[] => {
    const { claim, witness } = key.checkpoint;
    return claim?.label === label ? [{ kind: 'claim', key, claim, witness }] : [];
  });
  const found = redrives.map(foundLoadOf);
  return { loads: [...claims, ...found.map((one): LoadUnder => ({ kind: 'redrive', found: one, target: targetOfLoad(one, bound) }))], of };
}

/** How the ledger has a load. */
export function stateOf(load: LoadUnder): Claim['state']['kind'] | FoundLoad['load']['state'] {
  return load.kind === 'claim' ? load.claim.state.kind : load.found.load.state;
}
