import { systemClock } from '../../lib/clock.ts';
import type { Config } from '../../lib/config.ts';
import { deadlineIn } from '../../lib/deadline.ts';
import { type Claim, isDecided } from '../../lib/ledger/checkpoint.ts';
import type { Label } from '../../lib/plan/label.ts';
import type { Doris, LabelState } from '../../lib/ports.ts';
import { dorisFor } from '../../lib/redrive/wire.ts';
import { wouldBeKnown } from '../../lib/settle/label-memory.ts';
import type { PersonsWord } from '../../lib/settle/tell-claim.ts';
import { seconds } from '../../lib/units.ts';
import { targetNamed } from '../../lib/unordered/passage.ts';
import { CALLS } from '../aws.ts';
import { failed } from '../errors.ts';
import type { Session } from '../session.ts';
import { STATE_MEANING } from './explain.ts';
import { type ClaimUnder, type LoadUnder, stateOf } from './in-doubt.ts';

/**
 * Why a person's word on a load is not taken; nothing when it is. Only what a loader cannot find out waits for a person, and no word may
 * make a loader take a label for rows that nobody has stored under it.
 * @throws {CommandError} when Doris does not tell.
 */
export async function objectionTo(session: Session, load: LoadUnder, word: PersonsWord): Promise<string | undefined> {
  const settler = settlerOf(load);
  if (settler !== undefined) return settler;
  const isContradicted = stateOf(load) === 'contradicted';
  if (isContradicted && word === 'stored') return undefined;
  const config = session.loaderConfig();
  const doris = dorisFor(config, CALLS, config.doris.mode);
  try {
    return load.kind === 'claim' && !isContradicted ? await tellable(doris, config, load) : await stillTaken(doris, load);
  } finally {
    await doris.close();
  }
}

/** Who settles a load that waits for no person. */
function settlerOf(load: LoadUnder): string | undefined {
  if (load.kind === 'claim') return settlerOfClaim(load.claim);
  switch (load.found.load.state) {
    case 'contradicted':
      return undefined;
    case 'open':
      return 'the next redrive that meets one of its records asks Doris';
    case 'stored':
    case 'void':
      return 'its fate is known';
    default:
      return load.found.load satisfies never;
  }
}

function settlerOfClaim({ state }: Claim): string | undefined {
  if (isDecided(state)) return 'its fate is known, and the next delivery settles it';
  switch (state.kind) {
    case 'contradicted':
    case 'open':
      return undefined;
    case 'unseen':
      return 'none of its rows is visible, and the next delivery loads it or tells that its records are gone';
    case 'unlabelled':
      return 'it has no label in Doris, and the next delivery loads it again';
    default:
      return state satisfies never;
  }
}

const soon = () => deadlineIn(seconds(15), systemClock);

/** Under a label that Doris knows its records, offered again, would count as stored: whatever is missing would be lost in silence. */
async function stillTaken(doris: Doris, load: LoadUnder): Promise<string | undefined> {
  const [name, label] = load.kind === 'claim' ? [load.key.target, load.claim.label] : [load.target, load.found.load.label];
  if (name === undefined) return 'no record is bound to it, so that nothing tells which database knows its label';
  const database = databaseOf(name);
  const state = await stateIn(doris, database, label);
  if (state.kind === 'unknown' || state.kind === 'aborted') return undefined;
  const where = `in database ${database} its label is ${state.kind.toUpperCase()}`;
  if (state.kind === 'prepare' || state.kind === 'precommitted') return `${where}: wait until Doris has ended its transaction`;
  return `${where}: its records, put again under it, would count as stored, and those that are missing would be lost. Either load what is missing yourself and say --stored, or delete what is there, have Doris forget the label (CLEAN LABEL \`${label}\` FROM \`${database}\`), and say --not-stored again`;
}

/** Whether a loader can tell by itself what became of an open claim, or will once somebody else's attempt is over. */
async function tellable(doris: Doris, { load: rules }: Config, { key, claim, witness }: ClaimUnder): Promise<string | undefined> {
  const target = targetNamed(key.target);
  if (target === undefined) return 'it has no table';
  const busy = Math.ceil((claim.deadline + rules.attemptGrace - systemClock.now()) / 1000);
  if (busy > 0) return `for ${busy} s a loader may still load it`;
  const state = await stateIn(doris, target.database, claim.label);
  if (state.kind !== 'unknown')
    return `its label is ${state.kind.toUpperCase()} (${STATE_MEANING[state.kind]}), so that the next delivery settles it`;
  const inquirer = {
    ports: { clock: systemClock, doris, telemetry: { record: () => {} } },
    rules,
    deadline: soon(),
    batch: { source: key.source },
    table: { target },
  };
  const memory = await wouldBeKnown(inquirer, claim, witness);
  switch (memory) {
    case 'doubtful':
      return undefined;
    case 'young':
    case 'certain':
      return 'Doris would know its label, had it stored the load: the next delivery loads it';
    case 'untold':
      throw failed(`nothing was changed: Doris does not tell whether it may have forgotten label ${claim.label}`);
    default:
      return memory satisfies never;
  }
}

type Told = Exclude<LabelState, { kind: 'unreachable' }>;

async function stateIn(doris: Doris, database: string, label: Label): Promise<Told> {
  const state = await doris.labelState(database, label, soon());
  if (state.kind === 'unreachable') throw failed(`nothing was changed: the state of label ${label} cannot be asked: ${state.reason}`);
  return state;
}

function databaseOf(target: string): string {
  return target.split('.')[0] ?? '';
}
