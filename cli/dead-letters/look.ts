import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { grouped } from '../../lib/grouped.ts';
import { failed, wrongInput } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { Session } from '../session.ts';
import { tableText } from '../table.ts';
import { counted } from '../words.ts';
import { type Choice, conditionsOf, type Described, described, type Looked, lookAtAll, lookedAt, meaning, openQueue } from './letters.ts';

const LONGEST_REASON = 80;

/** `dead-letters list` */
export async function list(session: Session, choice: Choice): Promise<ExitCode> {
  const letters = (await lookAtAll(session, choice)).map(described);
  session.output.result({ letters }, () =>
    letters.length === 0
      ? `no dead letters${meaning(choice)}`
      : tableText(
          ['class', 'table', 'shard', 'position', 'failed at', 'reason'],
          letters.map(({ errorClass, target, shard, position, failedAt, reason }) => [
            errorClass,
            target,
            shard,
            position,
            failedAt,
            cut(reason),
          ]),
        ),
  );
  return letters.length === 0 ? EXIT.done : EXIT.amiss;
}

function cut(reason: string): string {
  const line = reason.replace(/\s+/g, ' ');
  return line.length <= LONGEST_REASON ? line : `${line.slice(0, LONGEST_REASON - 1)}…`;
}

const GROUPINGS = {
  reason: ({ errorClass, reason }) => [errorClass, shapeOf(reason)],
  table: ({ target }) => [target],
  shard: ({ stream, shard }) => [stream.split('/').at(-1) ?? stream, shard],
} as const satisfies Record<string, (letter: Described) => readonly string[]>;

/** Reasons that differ in values only are one: what is quoted and what is counted is left out, but no digit of a name (UTF-8, MD5). */
function shapeOf(reason: string): string {
  return cut(reason.replace(/'[^']*'|"[^"]*"|`[^`]*`/g, '…').replace(/(?<![A-Za-z\d]-?)\d+/g, '#'));
}

/** `dead-letters summary` */
export async function summary(session: Session, choice: Choice): Promise<ExitCode> {
  const letters = (await lookAtAll(session, choice)).map(described);
  const by = Object.entries(GROUPINGS).map(([name, keyOf]) => ({ name, groups: countsOf(letters, keyOf) }));
  session.output.result({ letters: letters.length, by: Object.fromEntries(by.map(({ name, groups }) => [name, groups])) }, () =>
    [
      `${counted(letters.length, 'dead letter')}${meaning(choice)}`,
      ...(letters.length === 0 ? [] : by).map(({ name, groups }) =>
        tableText(
          [`by ${name}`, 'letters', 'oldest'],
          groups.map(({ of, count, oldest }) => [of.join(' · '), count, oldest]),
        ),
      ),
    ].join('\n\n'),
  );
  return letters.length === 0 ? EXIT.done : EXIT.amiss;
}

function countsOf(letters: readonly Described[], keyOf: (letter: Described) => readonly string[]) {
  return grouped(letters, (letter) => JSON.stringify(keyOf(letter)))
    .map((group) => ({
      of: group[0] === undefined ? [] : keyOf(group[0]),
      count: group.length,
      oldest: group.map(({ failedAt }) => failedAt).toSorted()[0] ?? '-',
    }))
    .toSorted((a, b) => b.count - a.count);
}

/** `dead-letters show` */
export async function show(session: Session, which: string, choice: Choice): Promise<ExitCode> {
  const found = (await lookAtAll(session, choice)).filter((looked) => isMeant(looked, which));
  if (found.length === 0)
    throw failed(`no letter of position or message id ${which} is in the queue, or another reader has it in hand now`);
  session.output.result({ letters: found.map(whole) }, () => found.map(textOf).join('\n\n'));
  return EXIT.done;
}

/** Whether a message is meant by its id or its position. */
function isMeant(looked: Looked, which: string): boolean {
  const { messageId, position } = described(looked);
  return which === messageId || which === position;
}

function textOf(looked: Looked): string {
  const { body, attributes } = looked.message;
  const lines = Object.entries(attributes).map(([name, value]) => `${`${name}:`.padEnd(12)} ${value}`);
  return [`message id:  ${looked.message.messageId}`, ...lines, '', body].join('\n');
}

/** Everything that the queue has of a message. */
function whole({ message: { messageId, body, attributes } }: Looked) {
  return { messageId, attributes, body };
}

/** `dead-letters export` */
export async function exportLetters(session: Session, options: Choice & { readonly to?: string }): Promise<ExitCode> {
  const { to } = options;
  if (to === undefined) throw wrongInput('--to is missing: the file that letters are written to, or - for standard output');
  const conditions = conditionsOf(options);
  const out = await openOutput(to);
  const queue = openQueue(session);
  let letters = 0;
  try {
    for await (const page of lookedAt(session, queue, conditions)) {
      for (const looked of page) await out.write(`${JSON.stringify(whole(looked))}\n`);
      letters += page.length;
    }
  } finally {
    await queue.release();
    await out.close();
  }
  if (to === '-') session.output.note(counted(letters, 'letter'));
  else session.output.result({ letters, to }, () => `${counted(letters, 'letter')} written to ${to}; the queue still has them`);
  return EXIT.done;
}

interface TextOutput {
  write(text: string): Promise<unknown>;
  close(): Promise<void>;
}

async function openOutput(to: string): Promise<TextOutput> {
  if (to === '-')
    return { write: async (text) => process.stdout.write(text) || (await once(process.stdout, 'drain')), close: async () => {} };
  try {
    return await open(to, 'wx');
  } catch (error) {
    throw failed(`--to ${to}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
