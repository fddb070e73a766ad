import { openDynamoDb } from '../aws.ts';
import { explained } from '../dead-letters/explain.ts';
import { explainedGone, type LetterPlace } from '../dead-letters/gone.ts';
import { described, type Looked, lookAtAll } from '../dead-letters/letters.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { isSelected } from '../ledger/select.ts';
import { examples, type Register } from '../register.ts';
import type { Session } from '../session.ts';

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

async function explainLetter(session: Session, which: string, place: LetterPlace): Promise<ExitCode> {
  const { LABEL_PREFIX: loader, LEDGER_TABLE: table } = session.settings('LABEL_PREFIX', 'LEDGER_TABLE');
  const found = (await lookAtAll(session, {})).filter((looked) => isMeant(looked, which, place));
  const letters = found.flatMap(({ read }) => (read.kind === 'letter' ? [read] : []));
  const client = openDynamoDb();
  try {
    const ledger = { client, table, loader };
    const there = await Promise.all(letters.map((letter) => explained(ledger, letter)));
    const gone = letters.length === 0 ? await explainedGone(ledger, which, place) : [];
    session.output.result({ letters: there, gone }, () =>
      [...(gone.length === 0 ? [] : [NO_LETTER]), ...there.map(textOf), ...gone.map(textOf)].join('\n\n'),
    );
    return EXIT.done;
  } finally {
    client.destroy();
  }
}

const NO_LETTER = 'No letter of this position is in the queue, or another reader has it in hand. What the ledger has of its record:';

function isMeant(looked: Looked, which: string, place: LetterPlace): boolean {
  const letter = described(looked);
  return (which === letter.messageId || which === letter.position) && isSelected(letter, place);
}

function textOf(letter: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(letter).map((name) => name.length));
  return Object.entries(letter)
    .map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}`)
    .join('\n');
}
