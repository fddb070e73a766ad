import { fromBase64 } from './base64.ts';
import { kindOf } from './json.ts';
import { membersOf, stringAt } from './json-members.ts';
import type { Span } from './slice.ts';

/** The bytes that a producer sent, as far as http_sink kept them; `bad` with what is left of them when they cannot be told. */
export type Payload = { readonly kind: 'bytes' | 'bad'; readonly bytes: Buffer; readonly reason: string };

/**
 * Reads the payload of an envelope, by the schema that the connector decoded it with: a JSON value stands as it is; a string holds the
 * text of a message (`schema = "text"`); `{"data","iggy_payload_encoding":"base64"}` holds bytes (`raw`, `flatbuffer`, `avro`).
 * @param text - JSON, checked.
 */
export function readPayload(text: Buffer, span: Span): Payload {
  const kind = kindOf(text[span.start]);
  if (kind === 'string') return readText(text, span);
  const bytes = text.subarray(span.start, span.end);
  return kind === 'object' ? readObject(text, span, bytes) : good(bytes);
}

function good(bytes: Buffer): Payload {
  return { kind: 'bytes', bytes, reason: '' };
}

function readText(text: Buffer, span: Span): Payload {
  const value = stringAt(text, span);
  if (!/\p{Surrogate}/u.test(value)) return good(Buffer.from(value));
  return { kind: 'bad', bytes: text.subarray(span.start, span.end), reason: 'payload text holds half of a surrogate pair' };
}

/** Exactly these two keys make it an encoding: anything else is an object of the producer's own. */
function readObject(text: Buffer, { start }: Span, bytes: Buffer): Payload {
  const members = new Map<string, Span>();
  for (const { key, ...span } of membersOf(text, start)) {
    if (members.has(key) || (key !== 'data' && key !== 'iggy_payload_encoding')) return good(bytes);
    members.set(key, span);
  }
  const data = textOf(text, members.get('data'));
  const encoding = textOf(text, members.get('iggy_payload_encoding'));
  if (data === undefined || encoding === undefined) return good(bytes);
  if (encoding !== 'base64')
    return { kind: 'bad', bytes, reason: `payload has the unknown encoding ${JSON.stringify(encoding.slice(0, 40))}` };
  const decoded = fromBase64(data);
  return decoded === undefined ? { kind: 'bad', bytes, reason: 'payload data is not base64' } : good(decoded);
}

function textOf(text: Buffer, span: Span | undefined): string | undefined {
  return span !== undefined && kindOf(text[span.start]) === 'string' ? stringAt(text, span) : undefined;
}
