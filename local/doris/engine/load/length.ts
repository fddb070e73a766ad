/** A text that fits its column, cut where that is allowed, or why it does not fit. */
export type Fitted = { readonly kind: 'fits'; readonly text: string } | { readonly kind: 'too-long'; readonly reason: string };

const MAX_UTF8_BYTES_A_UNIT = 3;

/**
 * Lengths count UTF-8 bytes. As newer releases do, a text that is too long is cut behind its last whole character without strict mode,
 * and refused with it (test_utf8_varchar_truncation; reference 9.11).
 */
export function fitText(text: string, bytes: number, strict: boolean): Fitted {
  if (text.length * MAX_UTF8_BYTES_A_UNIT <= bytes || Buffer.byteLength(text) <= bytes) return { kind: 'fits', text };
  if (!strict) return { kind: 'fits', text: cut(text, bytes) };
  const shown = cut(text, 32);
  const reason = `the length of input is too long than schema. first 32 bytes of input str: [${shown}] schema length: ${bytes}; actual length: ${Buffer.byteLength(text)}; `;
  return { kind: 'too-long', reason };
}

function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  let end = Math.min(bytes, encoded.length);
  // Continuation bytes look like 10xxxxxx: step back to where a character starts.
  while (end > 0 && end < encoded.length && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--;
  return encoded.toString('utf8', 0, end);
}
