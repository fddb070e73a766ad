import type { Clock } from '../../lib/clock.ts';
import type { QueuedMessage } from '../../lib/dead-letter/read.ts';
import type { LetterQueue } from '../../lib/redrive/queue.ts';
import type { Millis } from '../../lib/units.ts';

/** An SQS queue in memory: what is received is hidden from others until its hold is over. */
interface MemoryQueue {
  send(body: string, attributes?: Readonly<Record<string, string>>): void;
  /** Everything that was sent and not removed, hidden or not. */
  bodies(): readonly string[];
  /** A reader of its own. */
  open(hold: Millis): LetterQueue;
}

export function memoryQueue(clock: Clock): MemoryQueue {
  const messages = new Map<string, QueuedMessage>();
  const hiddenUntil = new Map<string, number>();
  let sent = 0;
  return {
    send: (body, attributes = {}) => {
      const messageId = `message-${sent++}`;
      messages.set(messageId, { messageId, body, attributes });
    },
    bodies: () => [...messages.values()].map(({ body }) => body),
    open: (hold) => {
      const mine = new Set<string>();
      const isFree = (messageId: string): boolean => !mine.has(messageId) && (hiddenUntil.get(messageId) ?? 0) <= clock.now();
      return {
        take: async (most) => {
          const taken = [...messages.values()].filter(({ messageId }) => isFree(messageId)).slice(0, most);
          for (const { messageId } of taken) {
            mine.add(messageId);
            hiddenUntil.set(messageId, clock.now() + hold);
          }
          return taken.map((message) => ({ ...message, receiptHandle: message.messageId }));
        },
        remove: async (gone) => {
          for (const { messageId } of gone) messages.delete(messageId);
          return [];
        },
        release: async () => {
          for (const messageId of mine) hiddenUntil.delete(messageId);
        },
      };
    },
  };
}
