import { type QueuedMessage, type ReadMessage, readMessage } from '../../lib/dead-letter/read.ts';
import type { LetterQueue } from '../../lib/redrive/queue.ts';
import { type HeldMessage, letterQueue } from '../../lib/redrive/queue.ts';
import { type Condition, parseCondition } from '../../lib/redrive/where.ts';
import { spellPosition } from '../../lib/source/position.ts';
import { mebibytes, seconds } from '../../lib/units.ts';
import { openSqs } from '../aws.ts';
import { CommandError, wrongInput } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { Session } from '../session.ts';

/** Options that choose letters. */
export interface Choice {
  readonly where?: readonly string[];
}

/** A message in hand and what it turned out to be. */
export interface Looked {
  readonly message: HeldMessage;
  readonly read: ReadMessage;
}

/** For so long letters that are looked at are hidden from others, when this process dies before it gives them back. */
const LOOK = seconds(60);
const PAGE = 1_000;
const PAGE_BYTES = mebibytes(64);

/** Gathers the values of an option that may be repeated. */
export function gathered(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** @throws {CommandError} naming the condition and what is allowed. */
export function conditionsOf({ where = [] }: Choice): readonly Condition[] {
  return where.map((text) => {
    try {
      return parseCondition(text);
    } catch (error) {
      throw wrongInput(`--where: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  });
}

/** Which letters, in the middle of a sentence. */
export function meaning({ where = [] }: Choice): string {
  return where.length === 0 ? '' : ` with ${where.join(' and ')}`;
}

/** The dead-letter queue of the loader. */
export function openQueue(session: Session, hold = LOOK): LetterQueue {
  const { DEAD_LETTER_QUEUE_URL } = session.settings('DEAD_LETTER_QUEUE_URL');
  return letterQueue(openSqs(), DEAD_LETTER_QUEUE_URL, hold);
}

/** Looks at every message page by page; those that are no letters only where nothing is asked for. */
export async function* lookedAt(session: Session, queue: LetterQueue, conditions: readonly Condition[]): AsyncGenerator<readonly Looked[]> {
  const isStopped = session.interruption();
  let seen = 0;
  for (;;) {
    if (isStopped()) throw new CommandError(EXIT.interrupted, 'stopped; every letter is still in the queue');
    const messages = await queue.take(PAGE, PAGE_BYTES);
    if (messages.length === 0) return;
    seen += messages.length;
    session.output.progress(`${seen.toLocaleString('en-US')} letters read`);
    const looked = messages.map((message) => ({ message, read: readMessage(message) }));
    yield looked.filter(({ read }) => (read.kind === 'letter' ? conditions.every((holds) => holds(read)) : conditions.length === 0));
  }
}

/** All that are meant, looked at and left in the queue. */
export async function lookAtAll(session: Session, choice: Choice): Promise<readonly Looked[]> {
  const queue = openQueue(session);
  const all: Looked[] = [];
  try {
    for await (const page of lookedAt(session, queue, conditionsOf(choice))) all.push(...page);
  } finally {
    await queue.release();
  }
  return all;
}

/** Where a message comes from and why it is there, for tables and scripts. */
export interface Described {
  readonly messageId: string;
  readonly errorClass: string;
  readonly target: string;
  readonly stream: string;
  readonly shard: string;
  readonly position: string;
  readonly failedAt: string;
  readonly reason: string;
}

/** What people and scripts are shown of a message. */
export function described({ message: { messageId }, read }: { readonly message: QueuedMessage; readonly read: ReadMessage }): Described {
  switch (read.kind) {
    case 'letter': {
      const { errorClass, target, source, position, failedAt, reason } = read;
      return {
        messageId,
        errorClass,
        target,
        stream: source.stream,
        shard: source.shard,
        position: spellPosition(position),
        failedAt,
        reason,
      };
    }
    case 'expired': {
      const reason = `Lambda gave up ${read.records} records: ${read.condition}`;
      const position = `${read.first}-${read.last}`;
      return {
        messageId,
        errorClass: 'expired-batch',
        target: '-',
        stream: read.stream,
        shard: read.shard,
        position,
        failedAt: '-',
        reason,
      };
    }
    case 'foreign':
      return { messageId, errorClass: 'foreign', target: '-', stream: '-', shard: '-', position: '-', failedAt: '-', reason: read.reason };
    default:
      return read satisfies never;
  }
}
