import { ChangeMessageVisibilityBatchCommand, DeleteMessageBatchCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { InvokeResult } from '../function-process/invoke-result.ts';
import { generator } from './redelivery.ts';
import type { Signal } from './signal.ts';
import { fitsBeside, type QueueOrigin, type ReceivedMessage, spellMessage, sqsEventOf } from './sqs-event.ts';
import type { SqsBadLuck, SqsMappingSettings } from './sqs-settings.ts';
import { failedMessages } from './verdict.ts';

/** What one poller works with. */
export interface PollerOptions {
  readonly settings: SqsMappingSettings;
  readonly origin: QueueOrigin;
  /** Its number, from 0. */
  readonly poller: number;
  /** Cuts pauses short when the mapping is stopped. */
  readonly stopping: Signal;
  readonly isStopped: () => boolean;
  /** Told how many messages the poller holds from now on. */
  readonly onHolding: (messages: number) => void;
}

/** Receives, delivers and deletes, one batch after the other, until the mapping is stopped. */
export async function runPoller(poller: PollerOptions): Promise<void> {
  const { settings, onHolding, isStopped } = poller;
  const draw = luck(settings.redeliver, poller.poller);
  let left: readonly ReceivedMessage[] = [];
  while (!isStopped()) {
    const gathered = await gather(poller, left);
    left = gathered.left;
    if (gathered.batch.length > 0) await deliver(poller, gathered.batch, draw());
    onHolding(left.length);
  }
}

function luck(options: SqsMappingSettings['redeliver'], poller: number): () => SqsBadLuck | undefined {
  if (options === undefined) return () => undefined;
  const { seed, probability, kinds = ['repeat', 'overlap'] } = options;
  const random = generator(seed ^ poller);
  return () => (random() < probability ? kinds[Math.floor(random() * kinds.length)] : undefined);
}

interface Gathered {
  readonly batch: readonly ReceivedMessage[];
  /** Received, but too large for the same event. */
  readonly left: readonly ReceivedMessage[];
}

/** Waits for a full batch, or the end of the window, which begins with the first message. */
async function gather(poller: PollerOptions, before: readonly ReceivedMessage[]): Promise<Gathered> {
  const { settings, stopping, isStopped, onHolding } = poller;
  const batch: ReceivedMessage[] = [];
  let left = fill(batch, before);
  let windowEnd = Infinity;
  while (left.length === 0 && batch.length < settings.batchSize && !isStopped()) {
    const received = await receive(poller, settings.batchSize - batch.length);
    left = fill(batch, received);
    onHolding(batch.length + left.length);
    if (batch.length > 0) windowEnd = Math.min(windowEnd, performance.now() + settings.batchingWindowSeconds * 1000);
    if (received.length > 0) continue;
    const remaining = windowEnd - performance.now();
    if (remaining <= 0) break;
    await stopping.wait(Math.min(remaining, settings.pollIntervalMillis));
  }
  return { batch, left };
}

/** Moves messages into a batch as long as they fit. @returns the rest. */
function fill(batch: ReceivedMessage[], messages: readonly ReceivedMessage[]): readonly ReceivedMessage[] {
  const misfit = messages.findIndex((message) => !fitsBeside(batch, message) || !batch.push(message));
  return misfit === -1 ? [] : messages.slice(misfit);
}

/** A message received is in flight even when nobody listens any more, so no receive is ever given up half way: all are short polls. */
async function receive({ settings, origin }: PollerOptions, most: number): Promise<readonly ReceivedMessage[]> {
  try {
    const { Messages = [] } = await settings.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: settings.queueUrl,
        MaxNumberOfMessages: Math.min(10, most),
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
        WaitTimeSeconds: 0,
      }),
    );
    return Messages.map((message) => spellMessage(message, origin));
  } catch (thrown) {
    settings.observe({ kind: 'queue-failed', reason: String(thrown) });
    return [];
  }
}

async function deliver(poller: PollerOptions, batch: readonly ReceivedMessage[], struck: SqsBadLuck | undefined): Promise<void> {
  const { observe } = poller.settings;
  const messages = batch.map(({ messageId }) => messageId);
  observe({ kind: 'batch', messages, redelivered: batch.filter(({ receives }) => receives > 1).length });
  if (struck !== undefined) observe({ kind: 'bad-luck', messages, luck: struck });
  const result = await invoke(poller, batch, struck === 'overlap' ? 2 : 1);
  if (result === undefined) return;
  const failed = failedIn(poller.settings, result, messages);
  observe({ kind: 'outcome', messages, failed, result });
  const settled = batch.filter(({ messageId }) => !failed.has(messageId));
  await inTens(settled, (tens) => (struck === 'repeat' ? showAgain(poller, tens) : remove(poller, tens)));
}

/** Undefined when the function was not reached; the messages come again after their visibility timeout. Of two copies the first answer counts. */
async function invoke({ settings }: PollerOptions, batch: readonly ReceivedMessage[], copies: 1 | 2): Promise<InvokeResult | undefined> {
  const event = sqsEventOf(batch);
  try {
    const ghost = copies === 2 ? settings.function.invoke(event) : undefined;
    const [result] = await Promise.all([settings.function.invoke(event), ghost]);
    return result;
  } catch (thrown) {
    settings.observe({ kind: 'not-invoked', reason: String(thrown) });
    return undefined;
  }
}

function failedIn({ reportBatchItemFailures }: SqsMappingSettings, result: InvokeResult, ids: readonly string[]): ReadonlySet<string> {
  return !reportBatchItemFailures && result.kind === 'returned' ? new Set() : failedMessages(result, ids);
}

async function inTens(messages: readonly ReceivedMessage[], work: (tens: readonly ReceivedMessage[]) => Promise<void>): Promise<void> {
  for (let from = 0; from < messages.length; from += 10) await work(messages.slice(from, from + 10));
}

async function remove({ settings }: PollerOptions, tens: readonly ReceivedMessage[]): Promise<void> {
  const Entries = tens.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
  const call = settings.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: settings.queueUrl, Entries }));
  await call.catch((thrown: unknown) => settings.observe({ kind: 'queue-failed', reason: String(thrown) }));
}

async function showAgain({ settings }: PollerOptions, tens: readonly ReceivedMessage[]): Promise<void> {
  const Entries = tens.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle, VisibilityTimeout: 0 }));
  const call = settings.sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: settings.queueUrl, Entries }));
  await call.catch((thrown: unknown) => settings.observe({ kind: 'queue-failed', reason: String(thrown) }));
}
