import type { FoundGroup, GroupKey } from '../ledger/group.ts';
import type { DecodedRecord } from '../source/record.ts';
import { type Millis, seconds } from '../units.ts';
import type { Passage } from './passage.ts';

/** Between registering a group and its first claim lies no more, unless the invocation died. Nothing but patience depends on it. */
const INTENTION: Millis = seconds(5);

/** A group is more than an intention once it has a claim or a watermark. */
function isConfirmed({ checkpoint: { claim, through } }: FoundGroup): boolean {
  return claim !== undefined || through !== undefined;
}

/** Whether an intention may still become more. */
export function isFresh({ ports: { clock } }: Passage, { registeredAt }: FoundGroup): boolean {
  return clock.now() < registeredAt + INTENTION;
}

/** Whether a record is a member of a group, and has not been set free by it. */
function owns({ members, ended, checkpoint: { claim, through } }: FoundGroup, { record }: DecodedRecord): boolean {
  const decided = [claim?.last, through].some((end) => end !== undefined && record.position <= end);
  return (!ended || decided) && members.has(record);
}

/** The group that each record belongs to, confirmed ones first; none for a record that nobody has. */
export function ownersOf(groups: readonly FoundGroup[], records: readonly DecodedRecord[]): Map<DecodedRecord, FoundGroup> {
  const inTurn = groups.toSorted((a, b) => Number(isConfirmed(b)) - Number(isConfirmed(a)));
  const owners = new Map<DecodedRecord, FoundGroup>();
  for (const record of records) {
    const owner = inTurn.find((group) => owns(group, record));
    if (owner !== undefined) owners.set(record, owner);
  }
  return owners;
}

/**
 * Makes sure that no other group has any of the records, before the first claim of a group that is registered already.
 * - `won`: nobody else has one. - `lost`: look again. - `yielded`: another invocation is about to load some of them.
 */
export async function contend(
  passage: Passage,
  mine: GroupKey,
  records: readonly DecodedRecord[],
  found: readonly FoundGroup[],
): Promise<'won' | 'lost' | 'yielded'> {
  for (const other of found) {
    if (other.key.group.sort === mine.group.sort || !records.some((record) => owns(other, record))) continue;
    if (isConfirmed(other)) return 'lost';
    // Of two invocations that see each other, one goes on.
    if (other.key.group.sort < mine.group.sort && isFresh(passage, other)) return 'yielded';
    if (!(await passage.ports.ledger.end(other.key, other.checkpoint))) return 'lost';
  }
  return 'won';
}
