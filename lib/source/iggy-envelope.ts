import { kindOf } from './json.ts';
import { membersOf, stringAt } from './json-members.ts';
import type { Span } from './slice.ts';

/** One message as Iggy's http_sink writes it with `include_metadata`: `{"metadata":{...},"payload":...}`. */
export interface Envelope {
  readonly stream: string;
  readonly topic: string;
  readonly partition: string;
  /** 0 to 2^64 - 1, digit for digit. */
  readonly offset: string;
  readonly id: string;
  /** Microseconds, digit for digit. */
  readonly timestamp: string;
  readonly payload: Span;
  /** Where the value of each member of the metadata stands. */
  readonly metadata: ReadonlyMap<string, Span>;
}

/** An envelope, or why a value is none. */
export type EnvelopeReading =
  | { readonly kind: 'envelope'; readonly envelope: Envelope }
  | { readonly kind: 'other'; readonly reason: string };

interface FieldRule {
  readonly type: 'string' | 'number';
  readonly rule: string;
  allows(value: string): boolean;
}

function wholeNumber(most: bigint): FieldRule {
  return {
    type: 'number',
    rule: `a whole number from 0 to ${most}`,
    allows: (text) => /^(0|[1-9]\d{0,19})$/.test(text) && BigInt(text) <= most,
  };
}

const NAME: FieldRule = {
  type: 'string',
  rule: 'text of 1 to 255 bytes of UTF-8',
  // Half of a surrogate pair has no bytes: it would pass for any other half.
  allows: (text) => text !== '' && Buffer.byteLength(text) <= 255 && !/\p{Surrogate}/u.test(text),
};

/** The last microsecond of a JS date (ECMA-262, 8.64e15 ms). */
const LAST_MICROSECOND = 8_640_000_000_000_000_000n;

/** What every envelope has. http_sink always writes all of them; without id and timestamp an offset is no identity. */
const FIELDS = {
  iggy_stream: NAME,
  iggy_topic: NAME,
  iggy_partition_id: wholeNumber(2n ** 32n - 1n),
  iggy_offset: wholeNumber(2n ** 64n - 1n),
  iggy_id: { type: 'string', rule: '32 lowercase hex digits', allows: (text) => /^[0-9a-f]{32}$/.test(text) },
  iggy_timestamp: wholeNumber(LAST_MICROSECOND),
} as const satisfies Record<string, FieldRule>;

type FieldName = keyof typeof FIELDS;

/** Reads a value strictly: a document of somebody's own that merely has `metadata` and `payload` is no envelope. @param text - JSON, checked. */
export function readEnvelope(text: Buffer, { start }: Span): EnvelopeReading {
  if (kindOf(text[start]) !== 'object') return other(`it is a JSON ${kindOf(text[start])}, not an object`);
  const members = firstOfEach(text, start);
  const metadata = members.get('metadata');
  const payload = members.get('payload');
  if (metadata === undefined || kindOf(text[metadata.start]) !== 'object') return other('it has no object metadata');
  if (payload === undefined) return other('it has no payload');
  const fields = firstOfEach(text, metadata.start);
  const headers = fields.get('iggy_headers');
  if (headers !== undefined && kindOf(text[headers.start]) !== 'object') return other('metadata.iggy_headers must be an object');
  return envelopeOf(text, payload, fields);
}

function envelopeOf(text: Buffer, payload: Span, metadata: ReadonlyMap<string, Span>): EnvelopeReading {
  const values = new Map<FieldName, string>();
  for (const [name, rule] of Object.entries(FIELDS) as [FieldName, FieldRule][]) {
    const span = metadata.get(name);
    if (span === undefined) return other(`metadata.${name} is missing`);
    const value = fieldValue(text, span, rule);
    if (value === undefined) return other(`metadata.${name} must be ${rule.rule} (given ${shown(text, span)})`);
    values.set(name, value);
  }
  const field = (name: FieldName): string => values.get(name) ?? '';
  const envelope = {
    stream: field('iggy_stream'),
    topic: field('iggy_topic'),
    partition: field('iggy_partition_id'),
    offset: field('iggy_offset'),
    id: field('iggy_id'),
    timestamp: field('iggy_timestamp'),
    payload,
    metadata,
  };
  return { kind: 'envelope', envelope };
}

function other(reason: string): EnvelopeReading {
  return { kind: 'other', reason };
}

/** Of a duplicate key the first counts, as everywhere here. */
function firstOfEach(text: Buffer, start: number): Map<string, Span> {
  const found = new Map<string, Span>();
  for (const { key, ...span } of membersOf(text, start)) if (!found.has(key)) found.set(key, span);
  return found;
}

function fieldValue(text: Buffer, span: Span, { type, allows }: FieldRule): string | undefined {
  if (kindOf(text[span.start]) !== type) return undefined;
  const value = type === 'string' ? stringAt(text, span) : text.toString('latin1', span.start, span.end);
  return allows(value) ? value : undefined;
}

const LONGEST_SHOWN = 40;

function shown(text: Buffer, { start, end }: Span): string {
  const value = text.toString('utf8', start, Math.min(end, start + LONGEST_SHOWN));
  return end - start > LONGEST_SHOWN ? `${value}…` : value;
}
