import { isUtf8 } from 'node:buffer';
import { type Envelope, readEnvelope } from './iggy-envelope.ts';
import { endOfValue, jsonText, kindOf, NOT_JSON, skipBlanks } from './json.ts';
import { elementsOf } from './json-members.ts';
import type { Span } from './slice.ts';

/** The values of a body, or why it has no shape that http_sink sends. */
export type BodyValues =
  | { readonly kind: 'values'; readonly values: readonly Span[]; readonly in: 'document' | 'array' | 'lines' }
  | { readonly kind: 'contract'; readonly reason: string };

/** The envelopes of a body, or why it is none of http_sink's. */
export type BodyEnvelopes =
  | { readonly kind: 'envelopes'; readonly envelopes: readonly Envelope[] }
  | { readonly kind: 'contract'; readonly reason: string };

/**
 * Takes a body apart by its content alone: one document (`individual`), the elements of an array (`json_array`), or one document a line
 * (`ndjson`, with or without a line end behind the last).
 */
export function valuesIn(text: Buffer): BodyValues {
  if (!isUtf8(text)) return contract('the body is not valid UTF-8');
  const start = skipBlanks(text, 0);
  if (start === text.length) return contract('the body is blank');
  const end = endOfValue(jsonText(text), start);
  if (end === NOT_JSON || skipBlanks(text, end) < text.length) return lines(text);
  if (kindOf(text[start]) !== 'array') return { kind: 'values', values: [{ start, end }], in: 'document' };
  const values = [...elementsOf(text, start)];
  return values.length === 0 ? contract('the array is empty') : { kind: 'values', values, in: 'array' };
}

/** Reads a body of envelopes. One value that is no envelope makes the whole body none: nobody knows what else is wrong with it. */
export function envelopesIn(text: Buffer): BodyEnvelopes {
  const body = valuesIn(text);
  if (body.kind === 'contract') return body;
  const envelopes: Envelope[] = [];
  for (const [index, value] of body.values.entries()) {
    const reading = readEnvelope(text, value);
    if (reading.kind === 'other') return contract(`${placeOf(body.in, index)} is no message of http_sink: ${reading.reason}`);
    envelopes.push(reading.envelope);
  }
  return { kind: 'envelopes', envelopes };
}

function contract(reason: string): { readonly kind: 'contract'; readonly reason: string } {
  return { kind: 'contract', reason };
}

function placeOf(where: 'document' | 'array' | 'lines', index: number): string {
  if (where === 'document') return 'the body';
  return where === 'array' ? `element ${index} of the array` : `document ${index + 1} of the lines`;
}

const LINE_FEED = 0x0a;

function lines(text: Buffer): BodyValues {
  const json = jsonText(text);
  const values: Span[] = [];
  // Blank lines are skipped with the blanks, all at once: a body may hold a million of them.
  for (let start = skipBlanks(text, 0); start < text.length; ) {
    const feed = text.indexOf(LINE_FEED, start);
    const behind = feed === -1 ? text.length : feed;
    const end = endOfValue(json, start);
    const next = end === NOT_JSON || end > behind ? start : skipBlanks(text, end);
    if (next < behind) return contract(`line ${lineOf(text, start)} of the body is not one JSON document`);
    values.push({ start, end });
    start = next;
  }
  return { kind: 'values', values, in: 'lines' };
}

function lineOf(text: Buffer, at: number): number {
  return text.subarray(0, at).reduce((line, byte) => (byte === LINE_FEED ? line + 1 : line), 1);
}
