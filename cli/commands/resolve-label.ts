import { systemClock } from '../../lib/clock.ts';
import { dynamoLedger } from '../../lib/ledger/dynamodb.ts';
import { LOAD_BY_WORD, tellLoad } from '../../lib/redrive/tell-load.ts';
import { type PersonsWord, STATE_BY_WORD, tellClaim } from '../../lib/settle/tell-claim.ts';
import { spellPosition } from '../../lib/source/position.ts';
import { asked, openDynamoDb } from '../aws.ts';
import { failed, wrongInput } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { labelIn } from '../label/explain.ts';
import { type LoadUnder, loadsUnder, stateOf } from '../label/in-doubt.ts';
import { objectionTo } from '../label/objection.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { counted } from '../words.ts';

/** `resolve-label` */
export const registerResolveLabel: Register = (command, act) => {
  command
    .argument('<label>', 'of the load, as logs, status and explain-label name it')
    .option('--stored', 'the table has each of its rows, once')
    .option('--not-stored', 'the table has none of its rows')
    .addHelpText(
      'after',
      `
For a load that waits for a person: one that Doris reported otherwise than it was sent (contradicted), of a loader or of a redrive; and a claim that Doris may
have forgotten (unverifiable, with ON_UNVERIFIABLE=wait). Compare the table with the records of the load first. Where it has some of its rows, or some of them
twice, load what is missing and delete what is doubled; then say --stored. --not-stored is refused while Doris takes the label of a
contradicted load for stored. A delivery that runs has an open claim in hand: disable the event source mapping when that is in the way.
${examples('resolve-label "$label" --stored', 'resolve-label "$label" --not-stored --yes --json')}`,
    )
    .action(act(resolveLabel));
};

interface Options {
  readonly stored?: boolean;
  readonly notStored?: boolean;
}

async function resolveLabel(session: Session, label: string, { stored = false, notStored = false }: Options): Promise<ExitCode> {
  labelIn(label);
  if (stored === notStored) throw wrongInput('say what the table has of the load: either --stored or --not-stored');
  const word: PersonsWord = stored ? 'stored' : 'not-stored';
  const waiting = await waitingUnder(session, label, word);
  await session.confirm(waiting.map((load) => consequences(load, word)).join('\n'));
  for (const load of waiting) await tell(session, load, word);
  session.output.result(
    { label, resolved: waiting.map((load) => ({ ...placeOf(load), before: stateOf(load), now: nowOf(load, word) })) },
    () => waiting.map((load) => `${label}: ${stateOf(load)} before, ${nowOf(load, word)} now`).join('\n'),
  );
  return EXIT.done;
}

/** The loads under a label that the word is for. @throws {CommandError} where there is none, or the word cannot be taken. */
async function waitingUnder(session: Session, label: string, word: PersonsWord): Promise<readonly LoadUnder[]> {
  const { loads, of } = await loadsUnder(session, label);
  if (loads.length === 0) throw failed(`no claim and no redrive of ${of} has label ${label}; explain-label tells what became of it`);
  const waiting: LoadUnder[] = [];
  const objections: string[] = [];
  for (const load of loads) {
    const objection = await objectionTo(session, load, word);
    if (objection === undefined) waiting.push(load);
    else objections.push(`nothing was changed: the load ${whereOf(load)} is ${stateOf(load)}: ${objection}`);
  }
  if (waiting.length === 0) throw failed(objections.join('\n'));
  return waiting;
}

async function tell(session: Session, load: LoadUnder, word: PersonsWord): Promise<void> {
  const { LEDGER_TABLE } = session.settings('LEDGER_TABLE');
  const client = openDynamoDb();
  const told =
    load.kind === 'claim'
      ? tellClaim(dynamoLedger(client, LEDGER_TABLE, systemClock), load.key, load.claim, word, systemClock)
      : tellLoad(client, LEDGER_TABLE, load.found, word, systemClock);
  if (!(await asked(`ledger table ${LEDGER_TABLE}`, told)))
    throw failed(
      `the load ${whereOf(load)} was not changed: somebody wrote it in the meantime. Disable the event source mapping, then look at it again`,
    );
}

function nowOf(load: LoadUnder, word: PersonsWord): string {
  return load.kind === 'claim' ? STATE_BY_WORD[word] : LOAD_BY_WORD[word];
}

function placeOf(load: LoadUnder) {
  if (load.kind === 'claim') {
    const { loader, source, target } = load.key;
    return { kind: load.kind, loader, stream: source.stream, shard: source.shard, target, rows: load.claim.rows };
  }
  const { loader, stream, shard } = load.found;
  return { kind: load.kind, loader, stream, shard, target: load.target ?? null, rows: load.found.load.rows };
}

function whereOf(load: LoadUnder): string {
  const { kind, loader, stream, shard, target, rows } = placeOf(load);
  const whose = kind === 'claim' ? `of loader ${loader}` : `of a redrive of loader ${loader}`;
  const span = load.kind === 'claim' ? ` from ${spellPosition(load.claim.first)} to ${spellPosition(load.claim.last)}` : '';
  return `${whose}, ${stream} ${shard} into ${target ?? 'no table'} (${counted(rows, 'row')}${span})`;
}

/** What follows from the word, in whole sentences. */
function consequences(load: LoadUnder, word: PersonsWord): string {
  return `The load ${whereOf(load)} is ${stateOf(load)}.\n${FOLLOWS[load.kind][word]}`;
}

const FOLLOWS = {
  claim: {
    stored:
      'It counts as stored: the next delivery of its records sends the dead letters between its rows, and goes on behind it. Rows of it that the table lacks are LOST, since nobody loads them any more.',
    'not-stored':
      'It counts as not stored: the next delivery of its records loads all of its rows. Those that the table has, or gets by a group commit that is not over, are there TWICE then, unless it keeps one row a key. Records of a shard that its deliveries are past are LOST: the next one says claim-abandoned, and goes on.',
  },
  redrive: {
    stored:
      'It counts as stored: the next redrive takes its letters off the queue. Rows of it that the table lacks are LOST, since nobody loads them any more.',
    'not-stored':
      'It counts as not stored: the next redrive of its letters loads them again. Rows that the table has, or gets by a group commit that is not over, are there TWICE then, unless it keeps one row a key.',
  },
} as const satisfies Record<LoadUnder['kind'], Record<PersonsWord, string>>;
