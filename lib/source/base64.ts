/** Node reads base64 leniently and skips what is none: bytes would be lost in silence. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
