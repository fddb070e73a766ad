import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildAppOptions } from 'fauxqs';

type Stores = NonNullable<BuildAppOptions['stores']>;

/** fauxqs 1.9.2 exports only its entry; its stores and rules are reached as files of the installed package. */
async function importInternal(file: string): Promise<unknown> {
  const folders = createRequire(import.meta.url).resolve.paths('fauxqs') ?? [];
  const home = folders.map((folder) => join(folder, 'fauxqs')).find((folder) => existsSync(folder));
  if (home === undefined) throw new Error('fauxqs is not installed: run npm ci');
  return import(/* @vite-ignore */ pathToFileURL(join(home, 'dist', file)).href);
}

/**
 * Fresh stores. Left to itself the queue store invents a host name (`sqs.<region>.localhost`) that does not resolve; without one it
 * builds the queue URL from the caller's Host header. A queue is found by the name in its URL, as AWS's are under any endpoint.
 */
export async function createStores(): Promise<Stores> {
  const { SqsStore } = (await importInternal('sqs/sqsStore.js')) as { SqsStore: new () => Stores['sqsStore'] };
  const { SnsStore } = (await importInternal('sns/snsStore.js')) as { SnsStore: new () => Stores['snsStore'] };
  const { S3Store } = (await importInternal('s3/s3Store.js')) as { S3Store: new () => Stores['s3Store'] };
  const sqsStore = new SqsStore();
  sqsStore.host = '';
  sqsStore.getQueue = (url) => sqsStore.getQueueByName(url.slice(url.lastIndexOf('/') + 1));
  return { sqsStore, snsStore: new SnsStore(), s3Store: new S3Store() };
}

interface FifoMessage {
  readonly messageGroupId?: string;
  readonly sequenceNumber?: string;
}

/** What is used of a queue of fauxqs. */
interface FifoQueue {
  readonly fifoMessages: Map<string, FifoMessage[]>;
  readonly fifoLockedGroups: Map<string, number>;
  readonly inflightMessages: ReadonlyMap<string, { readonly message: FifoMessage }>;
  processTimers(): void;
  dequeueFifo(...args: DequeueArguments): { readonly ReceiptHandle: string }[];
}

type DequeueArguments = readonly [most: number, visibilityTimeout: unknown, deadLetterQueues: unknown];

/**
 * SQS prefers to hand out several messages of one group, in order; fauxqs hands out one a group, and puts those that come back from
 * flight in front of the group one after the other, so in the wrong order when there are several.
 */
export async function handOutGroups(): Promise<void> {
  const { SqsQueue } = (await importInternal('sqs/sqsStore.js')) as { SqsQueue: { readonly prototype: FifoQueue } };
  const { prototype } = SqsQueue;
  if (prototype.dequeueFifo.name === 'dequeueGroups') return;
  const one = prototype.dequeueFifo;
  prototype.dequeueFifo = function dequeueGroups(most, ...rest) {
    const received: { readonly ReceiptHandle: string }[] = [];
    let group: string | undefined;
    while (received.length < Math.min(most, 10)) {
      this.processTimers();
      for (const messages of this.fifoMessages.values()) messages.sort(bySequenceNumber);
      const [message] = withoutLock(this, group, () => one.call(this, 1, ...rest));
      if (message === undefined) break;
      received.push(message);
      group = this.inflightMessages.get(message.ReceiptHandle)?.message.messageGroupId;
    }
    return received;
  };
}

/** The group of the message before is handed out on, though that message locks it. */
function withoutLock<T>({ fifoLockedGroups, fifoMessages }: FifoQueue, group: string | undefined, dequeue: () => T): T {
  const locks = group === undefined ? undefined : fifoLockedGroups.get(group);
  if (group === undefined || locks === undefined || !fifoMessages.has(group)) return dequeue();
  fifoLockedGroups.delete(group);
  const result = dequeue();
  fifoLockedGroups.set(group, locks + (fifoLockedGroups.get(group) ?? 0));
  return result;
}

function bySequenceNumber({ sequenceNumber: a = '' }: FifoMessage, { sequenceNumber: b = '' }: FifoMessage): number {
  return a < b ? -1 : 1;
}

/** AWS allows #x9, #xA, #xD, #x20-#xD7FF, #xE000-#xFFFD and #x10000-#x10FFFF; fauxqs tests code units and so refuses the last range. */
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Lets message bodies hold characters beyond the basic plane, such as emoji. */
export async function permitEveryPlane(): Promise<void> {
  const { INVALID_MESSAGE_BODY_CHAR } = (await importInternal('sqs/sqsTypes.js')) as { INVALID_MESSAGE_BODY_CHAR: RegExp };
  INVALID_MESSAGE_BODY_CHAR.test = (body) => forbidden.test(body);
}
