const PADDING = 0x3d;

/** Bytes that a base64 text stands for, by its length and padding (RFC 4648, section 4). */
export function sizeOfBase64(text: string): number {
  const padding = text.charCodeAt(text.length - 1) !== PADDING ? 0 : text.charCodeAt(text.length - 2) === PADDING ? 2 : 1;
  return Math.max(0, Math.floor(text.length / 4) * 3 - padding);
}

/**
 * Writes the bytes of a base64 text (RFC 4648, section 4, padded) at an offset, and tells whether it is one. Node reads base64 leniently and
 * skips what is none: bytes would be lost in silence. What it skips is missing from the length; the letters of the other alphabet, and
 * characters of which it takes the lower half, are looked for.
 * @param into - with room for {@link sizeOfBase64} bytes there.
 */
export function writeBase64(text: string, into: Buffer, at: number): boolean {
  if (text.length % 4 !== 0 || Buffer.byteLength(text) !== text.length || text.includes('-') || text.includes('_')) return false;
  return text === '' || into.write(text, at, 'base64') === sizeOfBase64(text);
}

/** The bytes of a base64 text; nothing when it is none, see {@link writeBase64}. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(sizeOfBase64(text));
  return writeBase64(text, bytes, 0) ? bytes : undefined;
}
