import type { GroupKey } from '../ledger/group.ts';
import { packMembers } from '../ledger/members.ts';
import { drawNonce } from '../nonce.ts';
import { targetName } from '../plan/route.ts';
import type { Target } from '../ports.ts';
import { firstPosition, hasTime, lastPosition, type Run } from '../settle/run.ts';
import { type DecodedRecord, isRow } from '../source/record.ts';
import { contend } from './ownership.ts';
import { again, type Fate, type Passage, runOf, unsettled, YIELDED } from './passage.ts';
import { settleRun } from './settle-run.ts';

/**
 * Settles records that no group has, as a group of their own:
 *
 *     ledger:  register ──► find: nobody else? ──► claim ─────────────► settle
 *     Doris:                                             PUT (label)
 *
 * A crash before the claim leaves an intention, which anybody may end; after it, a claim that is resolved as any other.
 */
export async function settleNew(passage: Passage, target: Target | undefined, records: readonly DecodedRecord[]): Promise<readonly Fate[]> {
  const members = packMembers(records.map(({ record }) => record));
  const key = keyOf(passage, target, records);
  const run = runOf(passage, target, key.group, records);
  const hindrance = await hindranceOf(run);
  if (hindrance !== undefined) {
    await run.gate.leave();
    return [unsettled(passage, key.target, records, hindrance)];
  }
  const standing = await stake(passage, key, records, members);
  if (standing === 'won') return settleRun(run);
  await run.gate.leave();
  return [standing === 'lost' ? again(records) : unsettled(passage, key.target, records, YIELDED)];
}

/** Nothing is written down for a load that will not be tried. */
async function hindranceOf(run: Run): Promise<string | undefined> {
  if (!hasTime(run)) return 'no time left in this invocation';
  const hasRows = run.table.records.some(isRow);
  return hasRows && !(await run.gate.admits(run.deadline)) ? 'breaker open: the table took no loads lately' : undefined;
}

async function stake(
  passage: Passage,
  key: GroupKey,
  records: readonly DecodedRecord[],
  members: Uint8Array,
): Promise<'won' | 'lost' | 'yielded'> {
  const { ledger } = passage.ports;
  await ledger.register(key, members);
  const found = await ledger.find(key.loader, key.source, firstPosition(records), lastPosition(records));
  const standing = await contend(passage, key, records, found);
  if (standing !== 'won') await ledger.end(key, {});
  return standing;
}

/** No two registrations share a name, also of the same records: what comes late of one can never be taken for the other. */
function keyOf({ ports, rules, source }: Passage, target: Target | undefined, records: readonly DecodedRecord[]): GroupKey {
  const nonce = drawNonce(ports.clock).toString(36);
  const group = { sort: `${lastPosition(records)}#${nonce}` };
  return { loader: rules.labelPrefix, source, target: targetName(target), group };
}
