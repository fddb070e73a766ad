import { systemClock } from '../../lib/clock.ts';
import type { StoredLetter } from '../../lib/dead-letter/read.ts';
import { dynamoLedger } from '../../lib/ledger/dynamodb.ts';
import { dynamoRedrives } from '../../lib/redrive/dynamodb-redrives.ts';
import { spellPosition } from '../../lib/source/position.ts';
import { openDynamoDb } from '../aws.ts';
import { described, lookAtAll } from '../dead-letters/letters.ts';
import { failed } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';

/** `explain-letter` */
export const registerExplainLetter: Register = (command, act) => {
  command
    .argument('<position or message id>')
    .addHelpText('after', examples('explain-letter 49590338271490256608559692538361571095921575989136588898'))
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

async function explainLetter(session: Session, which: string): Promise<ExitCode> {
  const { LABEL_PREFIX: loader, LEDGER_TABLE } = session.settings('LABEL_PREFIX', 'LEDGER_TABLE');
  const found = (await lookAtAll(session, {})).filter((looked) => {
    const { messageId, position } = described(looked);
    return which === messageId || which === position;
  });
  const letters = found.flatMap(({ read }) => (read.kind === 'letter' ? [read] : []));
  if (letters.length === 0)
    throw failed(`no letter of position or message id ${which} is in the queue, or another reader has it in hand now`);
  const client = openDynamoDb();
  try {
    const explained = await Promise.all(
      letters.map(async (letter) => ({ ...shown(letter), ...(await standing(client, LEDGER_TABLE, loader, letter)) })),
    );
    session.output.result({ letters: explained }, () => explained.map(textOf).join('\n\n'));
    return EXIT.done;
  } finally {
    client.destroy();
  }
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

/** What the ledger has of a letter whose load is over, for people. */
const REDRIVEN = { new: 'no', bound: 'under way', stored: 'yes, its record is stored', free: 'tried, and surely not stored' } as const;

async function standing(client: ReturnType<typeof openDynamoDb>, table: string, loader: string, letter: StoredLetter) {
  const { source, target, position, iggy } = letter;
  const redrives = dynamoRedrives(client, table, systemClock);
  const state = await redrives.letter({ loader, source, target, position, ...(iggy === undefined ? {} : { iggy }) });
  const load = state.kind === 'bound' ? await redrives.read({ loader, source, name: state.load }) : undefined;
  const redriven = load === undefined ? REDRIVEN[state.kind] : `${load.state} in load ${load.label}`;
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
