import type { ListedCheckpoint } from '../../lib/ledger/listing.ts';
import { spellPosition } from '../../lib/source/position.ts';
import { isoTime } from '../words.ts';

/** A checkpoint as scripts get it: positions as the source spells them, moments in ISO 8601. */
export function describeCheckpoint({
  loader,
  source,
  target,
  checkpoint: { through, claim, witness, handed = [] },
  totals,
  updatedAt,
}: ListedCheckpoint) {
  return {
    loader,
    stream: source.stream,
    shard: source.shard,
    target,
    through: through === undefined ? null : spellPosition(through),
    claim:
      claim === undefined
        ? null
        : {
            ...claim,
            first: spellPosition(claim.first),
            last: spellPosition(claim.last),
            deadline: isoTime(claim.deadline),
            claimedAt: isoTime(claim.claimedAt),
          },
    witness: witness ?? null,
    // What redrive took over of batches that Lambda gave up.
    handed: handed.map(({ after, through: last }) => ({
      after: after === undefined ? null : spellPosition(after),
      through: spellPosition(last),
    })),
    ...totals,
    updatedAt: isoTime(updatedAt),
  };
}
