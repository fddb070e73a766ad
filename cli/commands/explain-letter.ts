import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { systemClock } from '../../lib/clock.ts';
import type { StoredLetter } from '../../lib/dead-letter/read.ts';
import { dynamoLedger } from '../../lib/ledger/dynamodb.ts';
import { dynamoRedrives } from '../../lib/redrive/dynamodb-redrives.ts';
import { findLetters } from '../../lib/redrive/find.ts';
import { iggyPosition, kinesisPosition, type Position, spellPosition } from '../../lib/source/position.ts';
import { asked, openDynamoDb } from '../aws.ts';
import { described, type Looked, lookAtAll } from '../dead-letters/letters.ts';
import { failed } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { redrivenText } from '../label/redriven.ts';
import { isSelected, type Selection, scopeOf, wantedBy } from '../ledger/select.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';
import { isoTime } from '../words.ts';

/** `explain-letter` */
export const registerExplainLetter: Register = (command, act) => {
  command
    .argument('<position or message id>')
    .option('--stream <name or ARN>', 'only of this stream; finds what the ledger has without reading all of it')
    .option('--shard <id>', 'only of this shard')
    .addHelpText(
      'after',
      examples(
        'explain-letter 49590338271490256608559692538361571095921575989136588898',
        'explain-letter 49590338271490256608559692538361571095921575989136588898 --stream orders --shard shardId-000000000003',
      ),
    )
    .action(act(explainLetter));
};

/** What each class means, and what to do about it. */
const ADVICE: Readonly<Record<StoredLetter['errorClass'], string>> = {
  decode: 'The payload is no JSON object. Mend the producer; "dead-letters redrive --edit" can mend the letter.',
  'data-quality': 'The table refused the row when it stood alone. Mend the column, or the letter by --edit, then redrive it.',
  oversize: 'The payload is larger than MAX_ROW_BYTES, or than a letter may be. Raise the limit, then redrive it.',
  unroutable: 'No rule of DORIS_ROUTES fits and there is no DORIS_TABLE. Add a rule, then redrive it.',
  contract: 'The message has none of the known shapes: the sender is not what the loader is made for.',
  unverifiable:
    'The row may be in the table already. Look for it; redrive it with --reload-unverifiable when it is not, discard the letter when it is.',
};

type Place = Pick<Selection, 'stream' | 'shard'>;

async function explainLetter(session: Session, which: string, place: Place): Promise<ExitCode> {
  const { LABEL_PREFIX: loader, LEDGER_TABLE: table } = session.settings('LABEL_PREFIX', 'LEDGER_TABLE');
  const found = (await lookAtAll(session, {})).filter((looked) => isMeant(looked, which, place));
  const letters = found.flatMap(({ read }) => (read.kind === 'letter' ? [read] : []));
  const client = openDynamoDb();
  try {
    const explained = await Promise.all(
      letters.map(async (letter) => ({ ...shown(letter), ...(await standing(client, table, loader, letter)) })),
    );
    const gone = letters.length === 0 ? await withoutLetter(session, client, which, place) : [];
    session.output.result({ letters: explained, gone }, () =>
      [...(gone.length === 0 ? [] : [NO_LETTER]), ...explained.map(textOf), ...gone.map(textOf)].join('\n\n'),
    );
    return EXIT.done;
  } finally {
    client.destroy();
  }
}

function isMeant(looked: Looked, which: string, place: Place): boolean {
  const letter = described(looked);
  return (which === letter.messageId || which === letter.position) && isSelected(letter, place);
}

const NO_LETTER = 'No letter of this position is in the queue, or another reader has it in hand. What the ledger has of its record:';

/** A letter that was redriven is gone, and one that was discarded too: the ledger tells them apart. @throws {CommandError} when it has neither. */
async function withoutLetter(session: Session, client: DynamoDBClient, which: string, place: Place) {
  const { LABEL_PREFIX: loader, LEDGER_TABLE: table } = session.settings('LABEL_PREFIX', 'LEDGER_TABLE');
  const missing = `no letter of position or message id ${which} is in the queue, or another reader has it in hand now`;
  const positions = positionsSpelled(which);
  if (positions.length === 0) throw failed(`${missing}; of a position, the ledger could tell whether it was redriven`);
  // A topic of Iggy is no stream that could be asked for its shards.
  const isTopic = place.stream?.startsWith('arn:') === false && place.stream.includes('/');
  const scope = await scopeOf(loader, isTopic ? {} : wantedBy(place));
  const found = (await asked(`ledger table ${table}`, findLetters(client, table, scope, positions))).filter((one) =>
    isSelected(one, place),
  );
  if (found.length === 0) throw failed(`${missing}; and the ledger has no redrive of it by loader ${loader}`);
  return found.map(({ stream: from, shard: of, position, target, ...state }) => ({
    stream: from,
    shard: of,
    position,
    target,
    redriven: redrivenText(state),
    label: state.load?.label ?? '-',
    lastTry: state.load === undefined ? '-' : isoTime(state.load.claimedAt),
  }));
}

/** What people copy may be a sequence number, of an aggregate's user record too, or an offset of Iggy. */
function positionsSpelled(text: string): readonly Position[] {
  const [, number = '', sub] = /^(\d{1,129})(?::(\d{1,8}))?$/.exec(text) ?? [];
  if (number === '') return [];
  if (sub !== undefined) return [kinesisPosition(number, Number(sub))];
  return [kinesisPosition(number), ...(number.length <= 20 ? [iggyPosition(number)] : [])];
}

function shown({ errorClass, reason, source, position, target, label, failedAt, partitionKey, arrivedAt }: StoredLetter) {
  return {
    errorClass,
    reason,
    stream: source.stream,
    shard: source.shard,
    position: spellPosition(position),
    target,
    label: label ?? '-',
    partitionKey: partitionKey ?? '-',
    arrivedAt: new Date(arrivedAt).toISOString(),
    failedAt,
    advice: ADVICE[errorClass],
  };
}

async function standing(client: DynamoDBClient, table: string, loader: string, letter: StoredLetter) {
  const { source, target, position, iggy } = letter;
  const redrives = dynamoRedrives(client, table, systemClock);
  const state = await redrives.letter({ loader, source, target, position, ...(iggy === undefined ? {} : { iggy }) });
  const load = state.kind === 'bound' ? await redrives.read({ loader, source, name: state.load }) : undefined;
  const redriven = redrivenText({ state, load });
  if (source.kind !== 'kinesis') return { redriven };
  const { through } = await dynamoLedger(client, table, systemClock).read({ loader, source, target });
  return { redriven, settledThrough: through === undefined ? '-' : spellPosition(through) };
}

function textOf(letter: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(letter).map((name) => name.length));
  return Object.entries(letter)
    .map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}`)
    .join('\n');
}
