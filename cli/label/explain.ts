import type { ListedCheckpoint, Listing } from '../../lib/ledger/listing.ts';
import { headOf, type ReadLabel, readLabel } from '../../lib/plan/label.ts';
import { type Position, spellPosition } from '../../lib/source/position.ts';
import { wrongInput } from '../errors.ts';

/** What a label of an argument tells by itself. @throws {CommandError} when it is none. */
export function labelIn(label: string): ReadLabel {
  const read = readLabel(label);
  if (read !== undefined) return read;
  throw wrongInput(
    `${JSON.stringify(label.slice(0, 200))} is no label of a loader: those end in -<first position>-<records>-<format and hash>; labels that begin with loader-probe- store nothing`,
  );
}

/** What a checkpoint says about a label. */
export interface LedgerWord {
  readonly loader: string;
  readonly stream: string;
  readonly shard: string;
  readonly target: string;
  /**
   * `claim`: it is the open claim. `witness`: it is a load that was visible before the claim was written. `settled`: the watermark is past
   * its first record, so whatever the load was, its records are settled. `ahead`: its first record is not settled.
   */
  readonly kind: 'claim' | 'witness' | 'settled' | 'ahead';
  readonly through: string | null;
  /** Of the claim. */
  readonly span: {
    readonly state: string;
    /** Of `contradicted`: why. */
    readonly reason: string | null;
    readonly first: string;
    readonly last: string;
    readonly rows: number;
  } | null;
}

type Progress = Pick<ListedCheckpoint, 'loader' | 'source' | 'target' | 'checkpoint'>;

/** What the ledger says of a label: the head of one is cut, so several checkpoints may. Of groups of messages only the one whose claim it is. */
export function ledgerWords(label: string, read: ReadLabel, { checkpoints, groups }: Listing): readonly LedgerWord[] {
  const claimed = groups.filter(({ checkpoint }) => checkpoint.claim?.label === label);
  const named = [...checkpoints, ...claimed].filter(({ loader, source }) => headOf(loader, source) === read.head);
  const words = named.map((listed) => wordOf(label, read, listed));
  const sure = words.filter(({ kind }) => kind === 'claim' || kind === 'witness');
  return sure.length > 0 ? sure : words;
}

function wordOf(label: string, read: ReadLabel, { loader, source, target, checkpoint }: Progress): LedgerWord {
  const { through, claim, witness } = checkpoint;
  const place = {
    loader,
    stream: source.stream,
    shard: source.shard,
    target,
    through: through === undefined ? null : spellPosition(through),
  };
  if (claim?.label === label) {
    const { state, first, last, rows } = claim;
    const reason = state.kind === 'contradicted' ? state.reason : null;
    return { ...place, kind: 'claim', span: { state: state.kind, reason, first: spellPosition(first), last: spellPosition(last), rows } };
  }
  if (witness === label) return { ...place, kind: 'witness', span: null };
  return { ...place, kind: isPast(through, read) ? 'settled' : 'ahead', span: null };
}

/** Compares what the label keeps of a position: its end, which is all of it for any position of today. */
function isPast(through: Position | undefined, { firstPosition }: ReadLabel): boolean {
  if (through === undefined) return false;
  const [number = '', sub = '0'] = spellPosition(through).split(':');
  const [first = '', firstSub = '0'] = firstPosition.split(':');
  return BigInt(number) === BigInt(first) ? BigInt(sub) >= BigInt(firstSub) : BigInt(number) > BigInt(first);
}

/** What a label's state in Doris means for its rows (reference: Doris, label states). */
export const STATE_MEANING = {
  visible: 'its rows are in the table',
  committed: 'its rows are durable and become visible soon',
  precommitted: 'Doris holds its rows back until it is told to commit them (two-phase)',
  prepare: 'a load under it is running',
  aborted: 'it stored nothing',
  unknown: 'Doris never saw it, or has forgotten it: that proves neither that its rows are in the table nor that they are not',
} as const;
