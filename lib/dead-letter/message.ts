import { isUtf8 } from 'node:buffer';
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import { spellPosition } from '../source/position.ts';
import type { DeadLetter } from './letter.ts';

/** How a letter's body holds the payload. */
export type BodyEncoding = 'utf8' | 'base64' | 's3' | 'omitted';

/** A body and how to read it. */
export interface LetterBody {
  readonly encoding: BodyEncoding;
  readonly text: string;
}

/** A message as SQS takes it. */
export interface LetterMessage {
  readonly MessageBody: string;
  readonly MessageAttributes: Readonly<Record<string, MessageAttributeValue>>;
}

/** Version of the letter's form, in its `context`. */
const VERSION = 1;
const LONGEST_REASON = 1024;
const LONGEST_KEY = 256;
const LONGEST_URL = 1024;
/** Of any other attribute, all of which are shorter as AWS and Doris give them. Together they leave room within the smallest message. */
const LONGEST_NAME = 256;

/** The characters that SQS takes: #x9 #xA #xD, #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF. */
const NOT_SQS_CHARACTER = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** The payload as a body: itself when SQS takes its characters, else base64. SQS takes no empty body, so an empty payload is told. */
export function inlineBody(payload: Uint8Array): LetterBody {
  if (payload.length === 0) return omittedBody(payload);
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8');
    if (text.search(NOT_SQS_CHARACTER) === -1) return { encoding: 'utf8', text };
  }
  return { encoding: 'base64', text: bytes.toString('base64') };
}

/** Says how much is missing. The record can be read from its stream by its position. */
export function omittedBody(payload: Uint8Array): LetterBody {
  return { encoding: 'omitted', text: `payload omitted, ${payload.length} bytes` };
}

/** The message of a letter, every attribute a non-empty string (contract "Dead letter"). */
export function messageOf(letter: DeadLetter, body: LetterBody): LetterMessage {
  const { fault, record, source } = letter;
  const attributes = {
    errorClass: fault.errorClass,
    reason: clamp(fault.reason, LONGEST_REASON),
    source: source.kind,
    stream: clamp(source.stream, LONGEST_NAME),
    shard: clamp(source.shard, LONGEST_NAME),
    position: spellPosition(record.position),
    target: clamp(letter.target, 2 * LONGEST_NAME),
    label: clamp(letter.label ?? '-', LONGEST_NAME),
    failedAt: new Date(letter.failedAt).toISOString(),
    context: contextOf(letter, body.encoding),
  };
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value || '-' }]),
  );
  return { MessageBody: body.text, MessageAttributes };
}

function contextOf({ fault, record, attempts, columns }: DeadLetter, encoding: BodyEncoding): string {
  const context = {
    version: VERSION,
    encoding,
    partitionKey: record.partitionKey === undefined ? undefined : clamp(record.partitionKey, LONGEST_KEY),
    arrivedAt: new Date(record.arrivedAt).toISOString(),
    iggyId: record.iggy?.id,
    iggyTimestamp: record.iggy?.timestamp,
    errorUrl: fault.errorUrl === undefined ? undefined : clamp(fault.errorUrl, LONGEST_URL),
    attempts,
    columns: columns === undefined ? undefined : clamp(columns, LONGEST_NAME),
  };
  return JSON.stringify(context);
}

/** At most so many characters, and only such as SQS takes; what it does not take becomes U+FFFD. A character is one or two units long. */
function clamp(text: string, longest: number): string {
  const whole = Array.from(text.slice(0, 2 * longest + 2).replace(NOT_SQS_CHARACTER, '\u{FFFD}'));
  return whole.length <= longest ? whole.join('') : `${whole.slice(0, longest - 1).join('')}…`;
}

/** Bytes that SQS counts: body, and name, type and value of every attribute. */
export function sizeOf({ MessageBody, MessageAttributes }: LetterMessage): number {
  return Object.entries(MessageAttributes).reduce(
    (sum, [name, { DataType = '', StringValue = '' }]) =>
      sum + Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue),
    Buffer.byteLength(MessageBody),
  );
}
