import type { Actor } from '../faults.ts';
import { between } from '../random.ts';
import { EPOCH, type World } from '../world.ts';
import type { QueueScenario } from './scenario.ts';

/** A message of the queue. */
export interface QueuedMessage {
  readonly id: string;
  readonly text: string;
  readonly records: readonly number[];
  readonly group: string | undefined;
  readonly sentAt: number;
  receives: number;
  /** Receives of which the function did not say when it comes again: it never saw the message, or was killed, or SQS refused. */
  unheard: number;
  handle: string;
  visibleAt: number;
  isDeleted: boolean;
}

/** The queue as SQS keeps it. */
export interface Queue {
  readonly messages: readonly QueuedMessage[];
  /** One more message will be sent. */
  expect(at: number): void;
  send(message: Pick<QueuedMessage, 'text' | 'records' | 'group'>): void;
  /** Messages for one poller, any of those that are visible; of a FIFO group in order, and none while one of it is in flight. */
  receive(poller: Actor, most: number): readonly QueuedMessage[];
  /** Takes effect while the receipt holds. */
  remove(message: QueuedMessage, handle: string): void;
  /** False when the message is not in flight under this receipt any more. */
  hide(handle: string, span: number): boolean;
  /** Until something may be there that is not now. */
  change(): Promise<void>;
  isOver(): boolean;
}

/** Content-based deduplication of FIFO queues looks back so far. */
const DEDUPLICATION = 300_000;

/** An empty queue. */
export function newQueue(world: World, scenario: QueueScenario): Queue {
  const { scheduler, faults } = world;
  const messages: QueuedMessage[] = [];
  const expected: number[] = [];
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const wake of waiting) wake();
  };
  const now = scheduler.now;
  const isThere = ({ isDeleted }: QueuedMessage): boolean => !isDeleted;
  const isVisible = (message: QueuedMessage): boolean => isThere(message) && message.visibleAt <= now();
  const take = (message: QueuedMessage): void => {
    message.receives += 1;
    message.unheard += 1;
    message.handle = `${message.id}/${message.receives}`;
    message.visibleAt = Math.max(message.visibleAt, now() + scenario.visibilityTimeout);
    watchReceives(world, scenario, message);
  };
  return {
    messages,
    expect: (at) => {
      expected.push(at);
    },
    send: ({ text, records, group }) => {
      expected.splice(expected.indexOf(now()), 1);
      const isKnown = group !== undefined && messages.some((other) => other.text === text && other.sentAt + DEDUPLICATION > now());
      if (isKnown) return;
      const id = `q${messages.length}`;
      world.trace('sink', () => `sends ${records} as ${id}`);
      messages.push({ id, text, records, group, sentAt: now(), receives: 0, unheard: 0, handle: '', visibleAt: now(), isDeleted: false });
      changed();
    },
    receive: (poller, most) => {
      const visible = messages.filter(isVisible);
      const ready = scenario.queue === 'fifo' ? inOrder(messages.filter(isThere), visible) : shuffled(visible, poller);
      const again =
        ready.length > 0 && scenario.queue === 'standard' && faults.strikes('delivered-twice', poller)
          ? shuffled(
              messages.filter((message) => message.receives > 0 && !ready.includes(message)),
              poller,
            ).slice(0, 2)
          : [];
      const taken = [...ready.slice(0, Math.max(0, most - again.length)), ...again];
      for (const message of taken) take(message);
      return taken;
    },
    remove: (message, handle) => {
      if (message.handle === handle) message.isDeleted = true;
      changed();
    },
    hide: (handle, span) => {
      const message = messages.find((other) => other.handle === handle);
      if (message === undefined || message.visibleAt <= now()) return false;
      message.visibleAt = now() + span;
      message.unheard -= 1;
      changed();
      return true;
    },
    change: () =>
      new Promise((resolve) => {
        const hidden = messages.filter((message) => isThere(message) && message.visibleAt > now());
        const next = Math.min(...expected, ...hidden.map(({ visibleAt }) => visibleAt));
        const callOff = Number.isFinite(next) ? scheduler.at(next, () => wake()) : () => {};
        const wake = (): void => {
          callOff();
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      }),
    isOver: () => expected.length === 0 && messages.every(({ isDeleted }) => isDeleted),
  };
}

/** The first of each group, as far as none of it is in flight. */
function inOrder(there: readonly QueuedMessage[], visible: readonly QueuedMessage[]): QueuedMessage[] {
  const locked = new Set(there.filter((message) => !visible.includes(message)).map(({ group }) => group));
  return visible.filter(({ group }) => !locked.has(group));
}

function shuffled(messages: readonly QueuedMessage[], { draw }: Actor): QueuedMessage[] {
  const left = [...messages];
  return messages.flatMap(() => left.splice(between(draw, 0, left.length - 1), 1));
}

/**
 * Good messages never come to a receive limit that somebody has set as docs/iggy.md says: so often a message is received at most, besides
 * receives that the function did not hear of.
 */
function watchReceives({ truth, scheduler }: World, { longestHidden, queue }: QueueScenario, message: QueuedMessage): void {
  const { receives, unheard, sentAt, id } = message;
  const most = 10 + (scheduler.now() - sentAt) / (0.75 * longestHidden);
  if (queue === 'standard' && receives - unheard > most)
    truth.breaks(`message ${id} is received ${receives} times, which moves it to the queue's dead letters`);
}

/** Lambda's record of a message. */
export function eventRecordOf({ id, text, handle, receives, group, sentAt }: QueuedMessage): unknown {
  return {
    messageId: id,
    receiptHandle: handle,
    body: text,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(EPOCH + sentAt),
      SenderId: '123456789012',
      ApproximateFirstReceiveTimestamp: String(EPOCH + sentAt),
      ...(group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: id, SequenceNumber: '18850000000000000000' }),
    },
    messageAttributes: {},
    md5OfBody: '00000000000000000000000000000000',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:eu-central-1:123456789012:orders${group === undefined ? '' : '.fifo'}`,
    awsRegion: 'eu-central-1',
  };
}
