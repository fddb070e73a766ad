import type { StoredLetter } from '../dead-letter/read.ts';
import { type Routing, routerOf, targetName } from '../plan/route.ts';
import type { Target } from '../ports.ts';
import { type IggyDecodeRules, metadataMembers } from '../source/iggy.ts';
import type { DecodeRules } from '../source/kinesis.ts';
import { spellPosition } from '../source/position.ts';
import type { DecodedRecord, Fault, PoisonRow, SourceRecord, SourceShard } from '../source/record.ts';
import { decodeRow } from '../source/rows.ts';
import { sliceOf } from '../source/slice.ts';
import { addedMembers } from '../source/splice.ts';
import type { Edit } from './edit.ts';
import { type Doubt, doubtBy, type Fate, type Ready } from './letters.ts';

/** How payloads become rows of tables. */
export interface PrepareRules {
  readonly decode: DecodeRules;
  readonly routing: Routing;
  /** Of Iggy: columns that are filled from the metadata, as far as letters keep it. */
  readonly metadataColumns?: NonNullable<IggyDecodeRules['metadataColumns']>;
  readonly edit?: Edit;
}

/** A record that is ready to load, or why it cannot be. */
export type Prepared =
  | { readonly kind: 'ready'; readonly ready: Ready }
  | { readonly kind: 'not ready'; readonly fate: Fate; readonly poison?: Poison };

/** A record that is no row, or a row of no table. */
interface Poison extends PoisonRow {
  readonly source: SourceShard;
  readonly target: string;
}

const refused = (reason: string): Prepared => ({ kind: 'not ready', fate: { kind: 'refused', reason } });

/** Reads the payload of a letter as the loader would now; an edit changes what is loaded, and never the record's identity. */
export function prepareLetter(letter: StoredLetter, payload: Uint8Array, rules: PrepareRules): Prepared {
  const { source, position, iggy, partitionKey, arrivedAt } = letter;
  const edited = rules.edit?.(payload) ?? { kind: 'edited', payload };
  if (edited.kind === 'failed') return refused(edited.reason);
  const record: SourceRecord = {
    position,
    itemIdentifier: spellPosition(position).split(':')[0] ?? '',
    arrivedAt,
    payload: sliceOf(edited.payload),
    ...(partitionKey === undefined ? {} : { partitionKey }),
    ...(iggy === undefined ? {} : { iggy }),
  };
  const { positionColumns, ...limits } = rules.decode;
  const members = [
    ...(positionColumns === undefined ? [] : [addedMembers(positionColumns, source)(record)]),
    ...metadataOf(letter, rules.metadataColumns),
  ];
  return prepareRecord(source, decodeRow(record, { ...limits, addedMembers: () => members.filter(Boolean).join(',') }), rules.routing, {
    target: targetNamed(letter.target),
    ...(letter.errorClass === 'unverifiable' ? { doubt: doubtBy(letter.columns) } : {}),
  });
}

/** A letter keeps offset, id and timestamp; the other members of the metadata are null. */
function metadataOf({ iggy, position }: StoredLetter, columns: PrepareRules['metadataColumns']): string[] {
  if (iggy === undefined || columns === undefined) return [];
  const kept = new Map([
    ['iggy_offset', spellPosition(position)],
    ['iggy_id', JSON.stringify(iggy.id)],
    ['iggy_timestamp', iggy.timestamp],
  ]);
  return metadataMembers(columns, (member) => kept.get(member));
}

/** What is known of a record besides itself. */
interface Known {
  /** Its table; where there is none, the routes decide. */
  readonly target: Target | undefined;
  readonly doubt?: Doubt;
}

/** A decoded record on its way to its table. */
export function prepareRecord(source: SourceShard, decoded: DecodedRecord, routing: Routing, { target, doubt }: Known): Prepared {
  const to = target ?? routerOf(routing, source)(decoded);
  if (decoded.kind === 'poison') return poisoned(source, decoded, to);
  if (to === undefined) return poisoned(source, { kind: 'poison', record: decoded.record, fault: UNROUTABLE }, to);
  return { kind: 'ready', ready: { source, target: to, row: decoded, ...(doubt === undefined ? {} : { doubt }) } };
}

const UNROUTABLE: Fault = { errorClass: 'unroutable', reason: 'no rule of DORIS_ROUTES fits and there is no DORIS_TABLE' };

function poisoned(source: SourceShard, row: PoisonRow, target: Target | undefined): Prepared {
  const { errorClass, reason } = row.fault;
  return {
    kind: 'not ready',
    fate: { kind: 'refused', reason: `${errorClass}: ${reason}` },
    poison: { ...row, source, target: targetName(target) },
  };
}

/** The table of a name like `database.table`; none for `-`. */
function targetNamed(name: string): Target | undefined {
  const [database = '', table] = name.split('.');
  return table === undefined ? undefined : { database, table };
}
