import { drawNonce } from '../nonce.ts';
import type { Told } from '../ports.ts';
import { spellPosition } from '../source/position.ts';
import type { LetterState, LoadKey, RedriveLoad } from './ledger.ts';
import { type Fate, kept, keyOf, type Ready, type Redrive, rememberedBy } from './letters.ts';

/** Where a record stands before this redrive does anything: it may be loaded, or its fate is known. */
export type Standing = { readonly kind: 'free'; readonly seen: LetterState } | { readonly kind: 'told'; readonly fate: Fate };

const told = (fate: Fate): Standing => ({ kind: 'told', fate });
const STORED = told({ kind: 'loaded', before: true });

/** How the load is over that a record belongs to, or why that is not known. */
export type LoadEnd = { readonly kind: 'stored' | 'void' | 'doubtful' } | { readonly kind: 'wait'; readonly reason: string };

/** Tells where a record stands. Whatever an earlier redrive left in doubt is resolved first. */
export async function standingOf(redrive: Redrive, ready: Ready, endOf: (load: string) => Promise<LoadEnd>): Promise<Standing> {
  const seen = await redrive.ports.ledger.letter(keyOf(redrive.rules, ready));
  switch (seen.kind) {
    case 'stored':
      return STORED;
    case 'new':
    case 'free':
      return ready.mayBeStored ? await askTable(redrive, ready, seen) : { kind: 'free', seen };
    case 'bound':
      return await standingOfBound(redrive, ready, seen, await endOf(seen.load));
    default:
      return seen satisfies never;
  }
}

async function standingOfBound(redrive: Redrive, ready: Ready, seen: LetterState, end: LoadEnd): Promise<Standing> {
  switch (end.kind) {
    case 'stored':
      return STORED;
    case 'void':
      return ready.mayBeStored ? await askTable(redrive, ready, seen) : { kind: 'free', seen };
    case 'wait':
      return told(kept(end.reason));
    case 'doubtful':
      return await askTable(redrive, ready, seen);
    default:
      return end satisfies never;
  }
}

/** The table itself may tell whether it has a record; where it does not, a UNIQUE KEY makes that harmless, and then the operator decides. */
async function askTable(redrive: Redrive, ready: Ready, seen: LetterState): Promise<Standing> {
  const { ports, rules } = redrive;
  const found = await findRow(redrive, ready);
  if (found.kind === 'unreachable') return told(kept(found.reason));
  if (found.kind !== 'told') return await withoutProof(redrive, ready, seen, found.reason);
  if (seen.kind === 'bound') await ports.ledger.decide(keyOf(rules, ready), seen.load, found.value ? 'stored' : 'free');
  return found.value ? STORED : { kind: 'free', seen };
}

async function withoutProof({ ports, rules, deadline }: Redrive, { target }: Ready, seen: LetterState, reason: string): Promise<Standing> {
  const model = await ports.doris.tableModel(target, deadline);
  if (model.kind === 'unreachable') return told(kept(model.reason));
  if ((model.kind === 'told' && model.value === 'unique') || rules.reloadUnverifiable) return { kind: 'free', seen };
  return told({ kind: 'unverifiable', reason: `the table may have the record already, and cannot tell: ${reason}` });
}

/**
 * Whether the table has the record's row. No row proves something only where earlier rows of the shard are found by the same columns: without
 * those the columns may be new, and only later rows have them.
 */
async function findRow({ ports, rules, deadline }: Redrive, { source, target, row }: Ready): Promise<Told<boolean>> {
  const { source: stream, shard, position } = rules.positionColumns;
  if (source.kind !== 'kinesis' || stream === undefined || shard === undefined || position === undefined) {
    return { kind: 'refused', reason: 'it has no position columns' };
  }
  const count = (first: string, last: string): Promise<Told<number>> =>
    ports.doris.countRows(
      target,
      {
        source: { column: stream, value: source.stream },
        shard: { column: shard, value: source.shard },
        position: { column: position, first, last },
      },
      deadline,
    );
  const own = await count(row.record.position, row.record.position);
  if (own.kind !== 'told') return own;
  if (own.value > 0) return { kind: 'told', value: true };
  const earlier = await count('', row.record.position);
  if (earlier.kind !== 'told') return earlier;
  return earlier.value > 0
    ? { kind: 'told', value: false }
    : {
        kind: 'refused',
        reason: `none of its rows before position ${spellPosition(row.record.position)} names shard ${source.shard}, so the columns may be younger than the record`,
      };
}

/** Finds out how loads of earlier redrives ended, each once. */
export function resolver(redrive: Redrive, source: Ready['source'], target: Ready['target']): (load: string) => Promise<LoadEnd> {
  const ends = new Map<string, Promise<LoadEnd>>();
  return (name) => {
    const end = ends.get(name) ?? resolve(redrive, { loader: redrive.rules.labelPrefix, source, name }, target);
    ends.set(name, end);
    return end;
  };
}

async function resolve(redrive: Redrive, key: LoadKey, target: Ready['target']): Promise<LoadEnd> {
  const { ports, rules, deadline } = redrive;
  const load = await ports.ledger.read(key);
  if (load.state !== 'open') return { kind: load.state };
  const busy = Math.ceil((load.deadline + rules.attemptGrace - ports.clock.now()) / 1000);
  const wait = (reason: string): LoadEnd => ({ kind: 'wait', reason });
  const state = await ports.doris.labelState(target.database, load.label, deadline);
  switch (state.kind) {
    case 'visible':
    case 'committed':
      return conclude(redrive, key, load, 'stored');
    case 'prepare':
    case 'precommitted':
      return wait(`the transaction of redrive load ${load.label} is still open`);
    case 'unreachable':
      return wait(`the state of redrive load ${load.label} cannot be asked: ${state.reason}`);
    case 'aborted':
    case 'unknown':
      break;
    default:
      return state satisfies never;
  }
  if (busy > 0) return wait(`for ${busy} s another redrive may still load it under ${load.label}`);
  if (state.kind === 'aborted') return conclude(redrive, key, load, 'void');
  const memory = await rememberedBy(redrive, { source: key.source, target }, load);
  if (memory === 'untold') return wait(`Doris does not tell whether it may have forgotten redrive load ${load.label}`);
  return memory === 'young' || memory === 'certain' ? conclude(redrive, key, load, 'void') : { kind: 'doubtful' };
}

async function conclude(
  { ports: { ledger, clock } }: Redrive,
  key: LoadKey,
  load: RedriveLoad,
  state: 'stored' | 'void',
): Promise<LoadEnd> {
  const next = { ...load, state, fence: drawNonce(clock) };
  // Whoever knows the rows to be stored need not ask who wrote the load last.
  const now = await ledger.write(key, next, state === 'void' ? load.fence : undefined);
  return now.state === 'open' ? { kind: 'wait', reason: `another redrive has load ${load.label} in hand` } : { kind: now.state };
}
