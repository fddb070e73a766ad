import { isUtf8 } from 'node:buffer';
import { sizeOfBase64, writeBase64 } from './base64.ts';
import { endOfValue, type JsonText, jsonLines, kindOf } from './json.ts';
import type { KinesisEventRecord } from './kinesis-event.ts';
import { isLongNumber } from './long-numbers.ts';

/** One record of an event, decoded from base64. */
export interface KinesisData {
  readonly record: KinesisEventRecord;
  /** Nothing when it came as something else than base64. */
  readonly payload: Buffer | undefined;
  /**
   * Set when the payload is one JSON object in one line, and nothing else but perhaps a line end: the object, with a line end behind it in
   * the same memory. Any other payload may be a row all the same.
   */
  readonly line: Buffer | undefined;
}

const LINE_FEED = 0x0a;

/**
 * Decodes the data of an event into one buffer, each with a line end behind it unless it has one: rows that need no change lie there as
 * they are sent, and UTF-8 is checked once, since a line end breaks off every sequence.
 * @param longNumbers - `quote`: an object that holds one needs a change.
 */
export function readKinesisData(records: readonly KinesisEventRecord[], longNumbers: 'keep' | 'quote'): KinesisData[] {
  const block = Buffer.allocUnsafeSlow(records.reduce((sum, { kinesis }) => sum + sizeOfBase64(kinesis.data) + 1, 0));
  let end = 0;
  const decoded = records.map((record) => {
    const text = record.kinesis.data;
    if (!writeBase64(text, block, end)) return { record, payload: undefined };
    const payload = block.subarray(end, end + sizeOfBase64(text));
    end += payload.length;
    if (!endsLine(payload)) block[end++] = LINE_FEED;
    return { record, payload };
  });
  const text = block.subarray(0, end);
  const judge = { lines: jsonLines(text), isText: isUtf8(text), longNumbers };
  return decoded.map(({ record, payload }) => ({ record, payload, line: payload && lineIn(payload, judge) }));
}

function endsLine(payload: Buffer): boolean {
  return payload[payload.length - 1] === LINE_FEED;
}

interface Judge {
  readonly lines: JsonText;
  /** Whether all of the lines are UTF-8. */
  readonly isText: boolean;
  readonly longNumbers: 'keep' | 'quote';
}

function lineIn(payload: Buffer, { lines, isText, longNumbers }: Judge): Buffer | undefined {
  if (kindOf(payload[0]) !== 'object' || !(isText || isUtf8(payload))) return undefined;
  const length = endsLine(payload) ? payload.length - 1 : payload.length;
  const start = payload.byteOffset - lines.bytes.byteOffset;
  const end = longNumbers === 'quote' ? endWithoutLong(lines, start) : endOfValue(lines, start);
  if (end !== start + length) return undefined;
  return length === payload.length ? payload : payload.subarray(0, length);
}

/** Nothing where there is a number that is to be quoted. */
function endWithoutLong(lines: JsonText, start: number): number | undefined {
  let isLong = false;
  const end = endOfValue(lines, start, (from, to) => {
    isLong ||= isLongNumber(lines.bytes, from, to);
  });
  return isLong ? undefined : end;
}
