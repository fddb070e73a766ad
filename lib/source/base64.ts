const PADDING = 0x3d;

/** Bytes that base64 text of this length stands for, at most. */
export function mostBytesOf(base64: string): number {
  return (base64.length >> 2) * 3;
}

/** Bytes that a base64 text stands for, by its length and padding (RFC 4648, section 4). */
function sizeOf(base64: string): number {
  const { length } = base64;
  if (base64.charCodeAt(length - 1) !== PADDING) return mostBytesOf(base64);
  return mostBytesOf(base64) - (base64.charCodeAt(length - 2) === PADDING ? 2 : 1);
}

/**
 * Writes the bytes of a base64 text (RFC 4648, section 4, padded) at an offset. Node reads base64 leniently and skips what is none: bytes
 * would be lost in silence. What it skips is missing from the length; the letters of the other alphabet, and characters of which it takes
 * the lower half, are looked for.
 * @param into - with room for {@link mostBytesOf} bytes there.
 * @returns how many bytes; nothing when it is no base64, of which a part may have been written all the same.
 */
export function writeBase64(text: string, into: Buffer, at: number): number | undefined {
  if (text === '') return 0;
  if (text.length % 4 !== 0 || Buffer.byteLength(text) !== text.length || text.includes('-') || text.includes('_')) return undefined;
  const size = sizeOf(text);
  return into.write(text, at, 'base64') === size ? size : undefined;
}

/** The bytes of a base64 text; nothing when it is none, see {@link writeBase64}. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(mostBytesOf(text));
  const size = writeBase64(text, bytes, 0);
  return size === undefined ? undefined : bytes.subarray(0, size);
}
