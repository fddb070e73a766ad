import { drawNonce } from '../nonce.ts';
import { findRow } from './find-row.ts';
import type { LetterState, LoadKey, RedriveLoad } from './ledger.ts';
import { type Doubt, type Fate, kept, keyOf, type Ready, type Redrive, rememberedBy } from './letters.ts';

/** Where a record stands before this redrive does anything: it may be loaded, or its fate is known. */
export type Standing = { readonly kind: 'free'; readonly seen: LetterState } | { readonly kind: 'told'; readonly fate: Fate };

const told = (fate: Fate): Standing => ({ kind: 'told', fate });
const STORED = told({ kind: 'loaded', before: true });

/** How the load is over that a record belongs to, or why that is not known. */
export type LoadEnd =
  | { readonly kind: 'stored' | 'void' }
  | { readonly kind: 'doubtful'; readonly doubt: Doubt }
  | { readonly kind: 'wait'; readonly reason: string };

const wait = (reason: string): LoadEnd => ({ kind: 'wait', reason });

/** Tells where a record stands. Whatever an earlier redrive left in doubt is resolved first. */
export async function standingOf(redrive: Redrive, ready: Ready, endOf: (load: string) => Promise<LoadEnd>): Promise<Standing> {
  const seen = await redrive.ports.ledger.letter(keyOf(redrive.rules, ready));
  switch (seen.kind) {
    case 'stored':
      return STORED;
    case 'new':
    case 'free':
      return ready.doubt === undefined ? { kind: 'free', seen } : await askTable(redrive, ready, seen, [ready.doubt]);
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
      return ready.doubt === undefined ? { kind: 'free', seen } : await askTable(redrive, ready, seen, [ready.doubt]);
    case 'wait':
      return told(kept(end.reason));
    case 'doubtful':
      return await askTable(redrive, ready, seen, [end.doubt, ...(ready.doubt === undefined ? [] : [ready.doubt])]);
    default:
      return end satisfies never;
  }
}

/** The table itself may tell whether it has a record; where it does not, a UNIQUE KEY makes that harmless, and then the operator decides. */
async function askTable(redrive: Redrive, ready: Ready, seen: LetterState, doubts: readonly Doubt[]): Promise<Standing> {
  const { ports, rules } = redrive;
  const found = await findRow(redrive, ready, doubts);
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
  if (load.state !== 'open') return endAs(load);
  const busy = Math.ceil((load.deadline + rules.attemptGrace - ports.clock.now()) / 1000);
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
  return memory === 'young' || memory === 'certain' ? conclude(redrive, key, load, 'void') : { kind: 'doubtful', doubt: load };
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
  return endAs(now);
}

function endAs(load: RedriveLoad): LoadEnd {
  switch (load.state) {
    case 'stored':
    case 'void':
      return { kind: load.state };
    case 'open':
      return wait(`another redrive has load ${load.label} in hand`);
    // Under its label a load of other rows passes for stored: going by that, records would be lost in silence.
    case 'contradicted':
      return wait(`contradicted: look which of its rows the table has: ${load.reason}`);
    default:
      return load satisfies never;
  }
}
