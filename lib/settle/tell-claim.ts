import type { Clock } from '../clock.ts';
import type { CheckpointKey, Claim, ClaimState, Ledger } from '../ledger/checkpoint.ts';
import { drawNonce } from '../nonce.ts';
import { unchanged, written } from './lease.ts';

/** What a person found of a load: the table has all of its rows, or none of them. */
export type PersonsWord = 'stored' | 'not-stored';

/**
 * What a claim is by a person's word. One that is not stored is not dropped: loaders offer its records again under its label, or tell that
 * they are gone.
 */
export const STATE_BY_WORD = { stored: 'loaded', 'not-stored': 'unseen' } as const satisfies Record<PersonsWord, ClaimState['kind']>;

/**
 * Writes a person's word into a claim, while it is as it was read. The fence is new, so that whoever holds the claim notices. That none of
 * its rows is stored may only be said while Doris does not know its label: what is offered under one that it knows counts as stored.
 * @returns whether it happened; `false` when a loader wrote the claim since. @throws {LedgerUnavailable}
 */
export async function tellClaim(
  ledger: Pick<Ledger, 'move'>,
  key: CheckpointKey,
  claim: Claim,
  word: PersonsWord,
  clock: Pick<Clock, 'random'>,
): Promise<boolean> {
  const told: Claim = { ...claim, state: { kind: STATE_BY_WORD[word] }, fence: drawNonce(clock) };
  return written(await ledger.move(key, { expect: unchanged(claim), claim: told }), told);
}
