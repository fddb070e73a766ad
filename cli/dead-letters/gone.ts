import { findLetters } from '../../lib/redrive/find.ts';
import { iggyPosition, kinesisPosition, type Position } from '../../lib/source/position.ts';
import { asked } from '../aws.ts';
import { failed } from '../errors.ts';
import { redrivenText } from '../label/redriven.ts';
import { isSelected, type Selection, scopeOf, wantedBy } from '../ledger/select.ts';
import { isoTime } from '../words.ts';
import type { LoaderLedger } from './explain.ts';

/** Of which stream and shard. */
export type LetterPlace = Pick<Selection, 'stream' | 'shard'>;

/** A letter that was redriven is gone, and one that was discarded too: the ledger tells them apart. @throws {CommandError} when it has neither. */
export async function explainedGone({ client, table, loader }: LoaderLedger, which: string, place: LetterPlace) {
  const missing = `no letter of position or message id ${which} is in the queue, or another reader has it in hand now`;
  const positions = positionsSpelled(which);
  if (positions.length === 0) throw failed(`${missing}; of a position, the ledger could tell whether it was redriven`);
  // A topic of Iggy is no stream that could be asked for its shards.
  const isTopic = place.stream?.startsWith('arn:') === false && place.stream.includes('/');
  const scope = await scopeOf(loader, isTopic ? {} : wantedBy(place));
  const all = await asked(`ledger table ${table}`, findLetters(client, table, scope, positions));
  const found = all.filter((one) => isSelected(one, place));
  if (found.length === 0) throw failed(`${missing}; and the ledger has no redrive of it by loader ${loader}`);
  return found.map(({ stream, shard, position, target, state, load }) => ({
    stream,
    shard,
    position,
    target,
    redriven: redrivenText({ state, load }),
    label: load?.label ?? '-',
    lastTry: load === undefined ? '-' : isoTime(load.claimedAt),
  }));
}

/** What people copy may be a sequence number, of an aggregate's user record too, or an offset of Iggy. */
function positionsSpelled(text: string): readonly Position[] {
  const [, number = '', sub] = /^(\d{1,129})(?::(\d{1,8}))?$/.exec(text) ?? [];
  if (number === '') return [];
  if (sub !== undefined) return [kinesisPosition(number, Number(sub))];
  return [kinesisPosition(number), ...(number.length <= 20 ? [iggyPosition(number)] : [])];
}
