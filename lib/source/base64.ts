const PADDING = 0x3d;

/**
 * The bytes of a base64 text (RFC 4648, section 4, padded); nothing when it is none. Node reads base64 leniently and skips what is none:
 * bytes would be lost in silence. What it skips is missing from the length; the letters of the other
 * alphabet, and characters of which it takes the lower half, are looked for.
 */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (text.length % 4 !== 0 || Buffer.byteLength(text) !== text.length || text.includes('-') || text.includes('_')) return undefined;
  const padding = text.charCodeAt(text.length - 1) !== PADDING ? 0 : text.charCodeAt(text.length - 2) === PADDING ? 2 : 1;
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined;
}
