import { BatchRequestTooLong, type BatchResultErrorEntry, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '../clock.ts';
import { inLanes } from '../in-lanes.ts';
import { bytesOf } from '../source/slice.ts';
import { type Millis, millis } from '../units.ts';
import { type DeadLetter, type DeadLetters, DeadLettersUnavailable } from './letter.ts';
import { inlineBody, type LetterMessage, messageOf, omittedBody, sizeOf } from './message.ts';

/** Keeps payloads that no queue message can hold. */
export interface PayloadStore {
  /** @returns where it is, as `s3://bucket/key`. @throws {DeadLettersUnavailable} */
  keep(letter: DeadLetter): Promise<string>;
}

/** The queue that dead letters go to. */
export interface DeadLetterQueue {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** Largest message and largest batch in bytes, attributes counted (SQS: 1 MiB). */
  readonly maxBytes: number;
  /** For larger payloads; without one their letters say so and keep the position. */
  readonly store?: PayloadStore;
}

const BATCH_ENTRIES = 10;
const ATTEMPTS = 5;
const FIRST_PAUSE = millis(100);

/** Calls under way at once: a shard of undecodable records must not take an invocation longer than it has. */
const LANES = 8;

/** Dead letters in an SQS queue. A queue that takes less than it was said to would stop a shard at its first long poison record: its own limit counts. */
export function sqsDeadLetters(queue: DeadLetterQueue, clock: Clock): DeadLetters {
  let { maxBytes } = queue;
  return {
    async send(letters) {
      for (let open = letters; open.length > 0; ) {
        const fitting = { ...queue, maxBytes };
        const messages = await inLanes(open, LANES, (letter) => fitted(letter, fitting));
        const ends = await inLanes(batchesOf(messages, maxBytes), LANES, (batch) => sendBatch(batch, fitting, clock));
        const tooLong = ends.flat();
        maxBytes = Math.min(maxBytes, ...tooLong.map(({ limit }) => limit));
        const left = new Set<LetterMessage | undefined>(tooLong.map(({ message }) => message));
        open = open.filter((_, index) => left.has(messages[index]));
      }
    },
  };
}

async function fitted(letter: DeadLetter, { maxBytes, store }: DeadLetterQueue): Promise<LetterMessage> {
  const payload = bytesOf(letter.record.payload);
  if (payload.length <= maxBytes) {
    const message = messageOf(letter, inlineBody(payload));
    if (sizeOf(message) <= maxBytes) return message;
  }
  if (store === undefined && isNowhereElse(letter)) {
    throw new DeadLettersUnavailable(
      `the payload of ${payload.length} bytes of SQS message ${letter.record.itemIdentifier} fits into no dead letter: set DEAD_LETTER_BUCKET`,
    );
  }
  if (store !== undefined) return messageOf(letter, { encoding: 's3', text: await store.keep(letter) });
  const reason = `payload of ${payload.length} bytes does not fit into a message and no DEAD_LETTER_BUCKET is set. It was refused because: ${letter.fault.reason}`;
  return messageOf({ ...letter, fault: { ...letter.fault, errorClass: classWithoutPayload(letter), reason } }, omittedBody(payload));
}

/** A body of no shape, and what came without metadata: no position names it, so it can be read from nowhere else. */
function isNowhereElse({ source, record }: DeadLetter): boolean {
  return source.kind === 'iggy' && record.iggy === undefined;
}

/** A redrive looks for the row of an unverifiable record before it loads it: as anything else it would be stored twice. */
function classWithoutPayload({ fault: { errorClass } }: DeadLetter): DeadLetter['fault']['errorClass'] {
  return errorClass === 'unverifiable' ? errorClass : 'oversize';
}

/** At most ten messages and `maxBytes` a batch, in order. */
export function batchesOf(messages: readonly LetterMessage[], maxBytes: number): LetterMessage[][] {
  const batches: LetterMessage[][] = [];
  let size = 0;
  for (const message of messages) {
    const last = batches.at(-1);
    const length = sizeOf(message);
    if (last !== undefined && last.length < BATCH_ENTRIES && size + length <= maxBytes) {
      last.push(message);
      size += length;
    } else {
      batches.push([message]);
      size = length;
    }
  }
  return batches;
}

/** A message that the queue finds too long, and the most that it takes. */
interface TooLong {
  readonly message: LetterMessage;
  readonly limit: number;
}

/** @returns messages that have to be made shorter. */
async function sendBatch(batch: readonly LetterMessage[], queue: DeadLetterQueue, clock: Clock): Promise<readonly TooLong[]> {
  const tooLong: TooLong[] = [];
  let open = batch;
  for (let attempt = 1; ; attempt++) {
    const failed = await sendOnce(open, queue);
    const found = failed.flatMap((fault) => tooLongFor(open[Number(fault.Id)], fault, queue));
    tooLong.push(...found);
    const refused = failed.filter(({ Id }) => found.every(({ message }) => message !== open[Number(Id)]));
    if (refused.length === 0) return tooLong;
    const fault = refused.find(({ SenderFault }) => SenderFault) ?? refused[0];
    if (fault?.SenderFault || attempt === ATTEMPTS) {
      throw new DeadLettersUnavailable(
        `the dead-letter queue refused ${refused.length} of ${batch.length} letters: ${fault?.Code}: ${fault?.Message ?? 'no reason given'}`,
      );
    }
    open = refused.flatMap(({ Id }) => open[Number(Id)] ?? []);
    await clock.sleep(pauseBefore(attempt, clock.random()));
  }
}

async function sendOnce(messages: readonly LetterMessage[], { client, queueUrl }: DeadLetterQueue): Promise<BatchResultErrorEntry[]> {
  const Entries = messages.map((message, index) => ({ Id: String(index), ...message }));
  try {
    const { Successful = [], Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    const told = new Set([...Successful, ...Failed].map(({ Id }) => Id));
    const untold = Entries.filter(({ Id }) => !told.has(Id)).map(({ Id }) => ({ Id, Code: 'NoReceipt', SenderFault: false }));
    return [...Failed, ...untold];
  } catch (error) {
    if (error instanceof BatchRequestTooLong)
      return Entries.map(({ Id }) => ({ Id, Code: error.name, Message: error.message, SenderFault: true }));
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new DeadLettersUnavailable(`the dead-letter queue ${queueUrl} did not answer: ${why}`, { cause: error });
  }
}

/** SQS names its limit: "Message must be shorter than 262144 bytes.", "Batch requests cannot be longer than 262144 bytes." */
function tooLongFor(
  message: LetterMessage | undefined,
  { Message: said = '' }: BatchResultErrorEntry,
  { maxBytes }: DeadLetterQueue,
): TooLong[] {
  const limit = Number(/\b(?:shorter|longer) than (\d+) bytes/.exec(said)?.[1]);
  return message !== undefined && limit < maxBytes ? [{ message, limit }] : [];
}

/** Exponential with full jitter. */
function pauseBefore(attempt: number, random: number): Millis {
  return millis(FIRST_PAUSE * 2 ** (attempt - 1) * random);
}
